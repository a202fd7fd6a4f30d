package screen

// palette is the colours of the roles. Amber and blue are the pair of Okabe
// and Ito that every kind of colour vision tells apart; text reaches a contrast
// of 4.5 to its background and lines reach 3, which a test checks.
type palette struct {
	text, strong, muted, grid, accent, bar, chosen tone
	queue, peak, ready, pods, desired              tone
	ok, warn, bad, you, keda                       tone
	idle, queueGuide, podsGuide, chase             tone
	queueArea, queueSolo, podsArea                 []tone // bottom to top
	chaseOnQueue, chaseOnPods                      uint32
}

var darkPalette = palette{
	text:   tone{0xD6DAE0, 253, -1},
	strong: tone{0xFFFFFF, 231, 15},
	muted:  tone{0x8A94A3, 246, -1},
	grid:   tone{0x2F3743, 237, 8},
	accent: tone{0xA5E6FF, 153, 14},
	bar:    tone{0x161C26, 234, -1},
	chosen: tone{0x233247, 237, -1},

	queue:   tone{0xFFB000, 214, 11},
	peak:    tone{0xFFD27A, 222, 11},
	ready:   tone{0xA5E6FF, 153, 14},
	pods:    tone{0x56B4E9, 74, 14},
	desired: tone{0xA8C7DC, 152, 7},

	ok:   tone{0x3FD0A0, 79, 10},
	warn: tone{0xF0E442, 227, 11},
	bad:  tone{0xFF7A33, 209, 9},
	you:  tone{0xFFFFFF, 231, 15},
	keda: tone{0x3FD0A0, 79, 10},

	idle:       tone{0x3F7FA3, 67, 6},
	queueGuide: tone{0xA67A22, 136, 3},
	podsGuide:  tone{0x3A6E8F, 60, 6},

	chase:        tone{0x13283A, 235, -1},
	queueArea:    []tone{{0x4A2C00, 94, 3}, {0xA86A00, 94, 3}},
	queueSolo:    []tone{{0x6B4000, 94, 3}, {0xA06A00, 136, 3}, {0xF0A500, 214, 3}},
	podsArea:     []tone{{0x16405F, 24, 6}, {0x1F5F8C, 24, 6}, {0x3D8FC4, 31, 6}},
	chaseOnQueue: 0x6F5A3A,
	chaseOnPods:  0x2F5F86,
}

var lightPalette = palette{
	text:   tone{0x1F2328, 235, -1},
	strong: tone{0x000000, 16, -1},
	muted:  tone{0x5B6472, 241, -1},
	grid:   tone{0xDCE1E8, 254, 7},
	accent: tone{0x0550A0, 25, 4},
	bar:    tone{0xE8EDF5, 255, -1},
	chosen: tone{0xCFE3F8, 189, -1},

	queue:   tone{0x8F5100, 94, -1},
	peak:    tone{0x7A4500, 94, -1},
	ready:   tone{0x0550A0, 25, 4},
	pods:    tone{0x0550A0, 25, 4},
	desired: tone{0x3E5A75, 60, -1},

	ok:   tone{0x0A7150, 23, 2},
	warn: tone{0x7A5C00, 58, -1},
	bad:  tone{0xB23A00, 130, 1},
	you:  tone{0x000000, 16, -1},
	keda: tone{0x0A7150, 23, 2},

	idle:       tone{0x5A8FC7, 67, 4},
	queueGuide: tone{0xB98A4A, 137, 3},
	podsGuide:  tone{0x7FA6D0, 110, 6},

	chase:        tone{0xE3EEF9, 255, -1},
	queueArea:    []tone{{0xFFE9C2, 222, 3}, {0xFFB84D, 222, 3}},
	queueSolo:    []tone{{0xFFE3B3, 223, 3}, {0xFFC870, 222, 3}, {0xF5A623, 214, 3}},
	podsArea:     []tone{{0xDDEBF8, 189, 6}, {0xB8D7F2, 153, 6}, {0x7FB6E6, 117, 6}},
	chaseOnQueue: 0xE8CFA8,
	chaseOnPods:  0x9CC3E6,
}
