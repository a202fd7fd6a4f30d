package store_test

import "github.com/kscope/kscope/store/storetest"

// The seed story, by the names that the tests here use.
var (
	noon        = storetest.Noon
	at          = storetest.At
	i32         = storetest.I32
	cond        = storetest.Cond
	with        = storetest.With
	orders      = storetest.Orders
	orderWorker = storetest.OrderWorker
	idOf        = storetest.IDOf
	newWorld    = storetest.NewWorld
)

type world = storetest.World
