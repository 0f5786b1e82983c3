"""Commands meet full disks, signals, locks and more."""
