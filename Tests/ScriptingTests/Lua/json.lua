-- JSON: what goes out comes back, keys in order, nothing silently bent.
equal(json.encode{ b = 1, a = { true, "x", 2.5 } }, '{"a":[true,"x",2.5],"b":1}')
equal(json.encode("a/b \"c\"\n"), [["a/b \"c\"\n"]])
equal(json.encode(nil), "null")
equal(json.encode{}, "{}")
equal(json.encode(9007199254740993), "9007199254740993")
equal(json.encode({ a = 1 }, { indent = true }), '{\n  "a" : 1\n}')

local value = { list = { 1, 2, { 3 } }, text = "오링", flag = false, number = 0.1, big = math.maxinteger }
equal(json.decode(json.encode(value)), value)
equal(math.type(json.decode("3")), "integer")
equal(json.decode('{"a": null}'), {})
equal(json.decode("[]"), {})

fails("the text is not JSON", json.decode, "{")
fails("the text is not JSON", json.decode, "")
fails("at .a[2]", json.encode, { a = { 1, 0 / 0 } })
fails("bad argument #1 'value' to 'json.encode' (a: data expected, got function)", json.encode, { a = print })
fails("the table contains itself", function() local t = {} t.t = t json.encode(t) end)
