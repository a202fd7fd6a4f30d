package world

import (
	"math/big"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
)

// FuzzQuantities: thousandths are those of client-go, there and back.
func FuzzQuantities(f *testing.F) {
	for _, s := range []string{"5", "1500m", "1k", "2Gi", "1e3", "0.1", "-3", "1n", "9E", "99999999999999999999", "", "x"} {
		f.Add(s, int64(len(s)))
	}
	f.Add("", int64(-1<<63))
	f.Fuzz(func(t *testing.T, text string, milli int64) {
		milli %= 1e15 // near the ends of 64 bits client-go itself does not read back what it writes
		if q := milliQuantity(milli); q.MilliValue() != milli || quantityMilli(q.String()) != milli {
			t.Errorf("%d thousandths are %s, which are %d", milli, q, quantityMilli(q.String()))
		}
		got := quantityMilli(text)
		if TooLong(text) {
			if got != 0 {
				t.Errorf("%q is %d thousandths", text, got)
			}
			return
		}
		q, err := resource.ParseQuantity(text)
		if err != nil {
			if got != 0 {
				t.Errorf("%q is %d thousandths, and no quantity", text, got)
			}
			return
		}
		if scale := q.AsDec().Scale(); scale > 1000 || scale < -1000 {
			return // longer than anybody can write out
		}
		exact, ok := new(big.Rat).SetString(q.AsDec().String())
		if !ok {
			t.Fatalf("%q is %s", text, q.AsDec())
		}
		exact.Mul(exact, big.NewRat(1000, 1))
		off := new(big.Rat).Sub(new(big.Rat).SetInt64(got), exact)
		if most := big.NewRat(1e15, 1); new(big.Rat).Abs(exact).Cmp(most) < 0 && off.Abs(off).Cmp(big.NewRat(1, 1)) > 0 {
			t.Errorf("%q is %d thousandths, want %s", text, got, exact.FloatString(3))
		}
	})
}
