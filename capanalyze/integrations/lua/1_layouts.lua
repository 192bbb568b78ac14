-- TWS API dissector for Wireshark and tshark, written by `capanalyze wireshark-plugin` (capanalyze @VERSION@).
-- Put it into the folder that Help > About Wireshark > Folders calls "Personal Lua Plugins", or run
--   tshark -X lua_script:FILE -r CAPTURE -Y tws
--
-- Display filters: tws.msg.name, tws.msg.id, tws.request_id, tws.sender, tws.form, tws.server_version,
-- tws.error.code, tws.error.text, tws.problem, and tws.field.NAME for every field by its dotted name
-- (tws.field.contract.symbol). Where a name is a number in one message and text in another, the text is
-- tws.field.NAME.text. What is unset is in tws.unset by its name, what has no name in tws.unknown, and what is not of
-- its field's type in tws.raw as NAME=VALUE.

-- How a layout is written below: the fields of a text body in wire order.
--   f(name, type, more)    a field      l(name, items, more)   a count, then that many groups of items
--   o(name, items, more)   an object    g(items, more)         items under one gate or condition
--   more: low, high: server versions, both inclusive; required: may not be empty; when: conditions
-- Types: s string, u string with \uXXXX, i integer, k identifier, d number, q quantity, b boolean, c a or o.

local ANY_VERSION = 1000000000

local function item(form, name, more)
  more = more or {}
  return {
    form = form, name = name, low = more.low or 0, high = more.high or ANY_VERSION,
    when = more.when or {}, required = more.required or false, items = {},
  }
end

local function f(name, type, more)
  local made = item("f", name, more)
  made.type = type
  return made
end

local function group(form)
  return function(name, items, more)
    local made = item(form, name, more)
    made.items = items
    return made
  end
end

local o, l = group("o"), group("l")

local function g(items, more)
  local made = item("g", "", more)
  made.items = items
  return made
end

-- Conditions: set(path), is(path, values), above(path, number), since(message version), before(it),
-- left(fields[, message version where bodies have no frame]).
local function condition(op)
  return function(path, ...)
    local names = {}
    for name in path:gmatch("[^.]+") do
      names[#names + 1] = name
    end
    return { op = op, path = names, values = { ... } }
  end
end

local set, is, above = condition("set"), condition("is"), condition("above")

local function since(version) return { op = "since", path = { "version" }, values = { version } } end
local function before(version) return { op = "before", path = { "version" }, values = { version } } end
local function left(...) return { op = "left", path = {}, values = { ... } } end

local REQUESTS, ANSWERS, PROTOBUF = {}, {}, {}

-- A message: id, name, IB's constant, protobuf message, pairing key, first server version, text layout (or nil).
local function message(table, id, name, constant, protobuf, key, first, layout)
  table[id] = {
    id = id, name = name, constant = constant, protobuf = protobuf, key = key, since = first, layout = layout,
    plans = {},
  }
end

-- A protobuf message: by number {name, type, repeated}; types as above, I and K 64 bits wide, m a map, or a message.
local function protobuf(name, fields)
  PROTOBUF[name] = fields
end
