"""Commands run into full disks, signals, locks and other trouble."""
