-- Log: the test compares what arrived with what is sent here.
log.debug("starting")
log.info("sampled", { size = 500, seed = 42 })
log.warning({} ~= nil)
log.error("bad\27[31m line\nforged")
fails("bad argument #2 'fields' to 'log.info' (data expected, got function)", log.info, "x", print)
fails("bad argument #1 'message' to 'log.info'", log.info)
