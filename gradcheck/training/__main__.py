from gradcheck.training.command import standalone

raise SystemExit(standalone())
