"""Timeline: measured connections and sessions in; events in words, verdicts and findings out. This room judges."""
