// Golden files: whole texts that tests compare with.
