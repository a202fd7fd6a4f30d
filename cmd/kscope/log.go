package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/redis"
)

// quiet keeps libraries from writing to the terminal, of a command without a screen
// too: net/http logs what a server sent unasked, and client-go what it makes of that.
var quiet = sync.OnceValue(func() error {
	_, err := logTo("")
	return err
})

// logTo sends every log of the program and its libraries to a file, or nowhere
// if path is empty. Nothing may write to the terminal behind the screen.
func logTo(path string) (closeLog func(), err error) {
	handler := slog.DiscardHandler
	closeLog = func() {}
	if path != "" {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, &kscope.Trouble{Cause: fmt.Errorf("--log: %w", err), Hint: "name a file in a directory that you may write to"}
		}
		handler = slog.NewTextHandler(file, nil)
		closeLog = func() { _ = file.Close() }
	}
	log := slog.New(handler)
	slog.SetDefault(log)
	klog.SetLogger(logr.FromSlogHandler(handler))
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	redis.LogTo(func(_ context.Context, format string, args ...any) {
		log.Info("redis", "message", fmt.Sprintf(format, args...))
	})
	return closeLog, nil
}
