package scaling

import "testing"

// TestShare is by what pods use of what they request: those without figures count as
// whoever stands still, and those that are not ready as idle where more are called for.
func TestShare(t *testing.T) {
	pod := func(percent int64) PodUse { return PodUse{Uses: percent * 10, Requests: 1000, Measured: true} }
	missing, unready := PodUse{Requests: 1000}, PodUse{Uses: 5000, Requests: 1000, Measured: true, Unready: true}
	for _, c := range []struct {
		what         string
		pods         []PodUse
		target, spec int32
		want, shown  int32
	}{
		{"within the tolerance", []PodUse{pod(84), pod(84), pod(84)}, 80, 3, 3, 84},
		{"at the end of it", []PodUse{pod(88), pod(88), pod(88)}, 80, 3, 3, 88},
		{"just more", []PodUse{pod(89), pod(89), pod(89)}, 80, 3, 4, 89},
		{"whole percents", []PodUse{pod(88), pod(88), pod(90)}, 80, 3, 3, 88},
		{"fewer", []PodUse{pod(40), pod(40), pod(40), pod(40)}, 80, 4, 2, 40},
		{"none at work", []PodUse{pod(0), pod(0)}, 80, 2, 0, 0},
		{"more, and one not ready", []PodUse{pod(160), pod(160), unready}, 80, 3, 4, 160},
		{"more, but for those not ready", []PodUse{pod(100), unready, unready}, 80, 3, 3, 100},
		{"fewer, whatever is not ready", []PodUse{pod(20), pod(20), unready}, 80, 3, 1, 20},
		{"more, and one without figures", []PodUse{pod(160), pod(160), missing}, 80, 3, 4, 160},
		{"fewer, and one without figures", []PodUse{pod(20), pod(20), missing}, 80, 3, 2, 20},
		{"fewer, but for those without figures", []PodUse{pod(60), missing, missing}, 80, 3, 3, 60},
		{"as it should be, and one without figures", []PodUse{pod(80), missing}, 80, 2, 2, 80},
		{"more than were asked for are there", []PodUse{pod(70), pod(70), pod(70), pod(70)}, 80, 2, 4, 70},
	} {
		got, shown, err := Share(c.pods, c.target, c.spec, usual)
		if got != c.want || shown != c.shown || err != nil {
			t.Errorf("%s: %d, shown %d%%, %v; want %d, %d%%", c.what, got, shown, err, c.want, c.shown)
		}
	}
	for _, none := range [][]PodUse{nil, {missing}, {unready}} {
		if got, _, err := Share(none, 80, 3, usual); got != 3 || err == nil {
			t.Errorf("%+v: %d, %v", none, got, err)
		}
	}
}

// TestMean is by what they use on average, whatever they request.
func TestMean(t *testing.T) {
	pod := func(uses int64) PodUse { return PodUse{Uses: uses, Measured: true} }
	for _, c := range []struct {
		what   string
		pods   []PodUse
		target int64
		spec   int32
		want   int32
		shown  int64
	}{
		{"within the tolerance", []PodUse{pod(540), pod(540)}, 500, 2, 2, 540},
		{"more", []PodUse{pod(900), pod(700)}, 500, 2, 4, 800},
		{"fewer", []PodUse{pod(100), pod(200), pod(300)}, 500, 3, 2, 200},
		{"fewer, and one without figures", []PodUse{pod(100), pod(100), {}}, 500, 3, 2, 100},
		{"more, and one without figures", []PodUse{pod(900), pod(900), {}}, 500, 3, 4, 900},
	} {
		got, shown, err := Mean(c.pods, c.target, c.spec, usual)
		if got != c.want || shown != c.shown || err != nil {
			t.Errorf("%s: %d, shown %d, %v; want %d, %d", c.what, got, shown, err, c.want, c.shown)
		}
	}
	if _, _, err := Mean(nil, 500, 3, usual); err == nil {
		t.Error("no figures, and no error")
	}
}
