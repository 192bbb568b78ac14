-- Protobuf bodies: a serialized proto3 message in, a tree like that of a text body out, by the numbered fields.

local MAX_DEPTH = 12 -- messages inside messages that are opened
local MAX_VALUES = 65536 -- of one message that are shown

local SCALARS = { s = 2, q = 2, m = 2, d = 1, i = 0, I = 0, k = 0, K = 0, b = 0 }

local Walker = {}
Walker.__index = Walker

function Walker:complain(problem)
  self.problem = self.problem or problem
end

-- A varint: its low and high 32 bits and the position after it; nil if there is none of at most 10 octets.
local function varint(data, at, last)
  local low, high, shift = 0, 0, 0
  while at <= last and shift < 70 do
    local octet = data:byte(at)
    local bits = octet % 128
    at = at + 1
    if shift < 28 then
      low = low + bits * 2 ^ shift
    elseif shift == 28 then
      low = low + (bits % 16) * 2 ^ 28
      high = high + math.floor(bits / 16)
    elseif shift < 63 then
      high = high + bits * 2 ^ (shift - 32)
    else
      high = (high + (bits % 2) * 2 ^ 31) % 2 ^ 32
    end
    if octet < 128 then
      return low, high % 2 ^ 32, at
    end
    shift = shift + 7
  end
  return nil
end

-- Where the value that begins at ``at`` ends (the position after it); nil if it does not end by ``last``.
local function extent(data, wire, at, last)
  if wire == 0 then
    local stop = at
    while stop <= last and data:byte(stop) >= 128 do
      stop = stop + 1
    end
    return stop <= last and stop + 1 or nil
  elseif wire == 2 then
    local low, high, after = varint(data, at, last)
    if not low or high ~= 0 or after + low - 1 > last then
      return nil
    end
    return after + low
  end
  local size = wire == 1 and 8 or wire == 5 and 4
  return size and at + size - 1 <= last and at + size or nil
end

local function hexadecimal(raw)
  return "0x" .. raw:gsub(".", function(octet) return ("%02x"):format(octet:byte()) end)
end

local function is_printable(raw)
  return clean(raw) == raw and not raw:find("[%c]")
end

-- The value of 64 bits, two's complement, as a number where that can hold it.
local function signed(low, high)
  if high < 2 ^ 21 then
    return high * 2 ^ 32 + low
  elseif high >= 2 ^ 32 - 2 ^ 21 then
    return (high - 2 ^ 32) * 2 ^ 32 + low
  end
  return Int64.new(low, high)
end

local function is_unset(low, high)
  return (high == 0 and low == 2147483647)
    or (high == 2147483647 and low == 4294967295)
    or (high == 2147483648 and low == 0)
end

function Walker:node(field, path, first, stop)
  return {
    label = field[1], path = path .. field[1], type = field[2], offset = self.offset + first - 1, length = stop - first,
  }
end

-- An integer, identifier or boolean.
function Walker:integer(made, field, number, at, stop)
  local low, high = varint(self.data, at, stop - 1)
  local kind = field[2]
  if not low then
    self:complain(("%s (field %d) is no varint of 64 bits"):format(made.path, number))
    made.value, made.bad = hexadecimal(self.data:sub(at, stop - 1)), true
  elseif kind == "b" then
    made.value = low ~= 0 or high ~= 0
  elseif (kind == "i" or kind == "I") and is_unset(low, high) then
    made.unset = true
  else
    made.value, made.integer = signed(low, high), true
    local narrow = kind == "I" or kind == "K" or (high == 0 and low < 2 ^ 31) or (high == 2 ^ 32 - 1 and low >= 2 ^ 31)
    if not narrow then
      self:complain(("%s (field %d) is no 32-bit integer"):format(made.path, number))
    end
  end
end

function Walker:double(made, at)
  local value = self.tvb(self.offset + at - 1, 8):le_float()
  if value == MAX_DOUBLE then
    made.unset = true
  else
    made.value = value
  end
end

function Walker:text(made, field, number, at, stop)
  local raw = self.data:sub(at, stop - 1)
  if field[2] ~= "q" then
    made.value = clean(raw)
    return
  end
  local value = quantity(raw)
  if value == BAD then
    made.value, made.bad = clean(raw), true
    self:complain(("%s (field %d) is not a number"):format(made.path, number))
  elseif value == UNSET then
    made.unset = true
  else
    made.value, made.words = value, raw
  end
end

-- The elements of a repeated number, which come in one run.
function Walker:packed(node, field, number, path, at, stop)
  while at < stop do
    local after = field[2] == "d" and at + 8 or extent(self.data, 0, at, stop - 1)
    if not after or after > stop or self.left == 0 then
      self:complain(("%s%s (field %d) is no packed field"):format(path, field[1], number))
      return
    end
    self.left = self.left - 1
    local made = self:node(field, path, at, after)
    if field[2] == "d" then
      self:double(made, at)
    else
      self:integer(made, field, number, at, after)
    end
    node.items[#node.items + 1] = made
    at = after
  end
end

-- A field that the schema does not have, as what its octets look like.
function Walker:unknown(node, number, wire, first, at, stop)
  local made = { label = ("field_%d"):format(number), unknown = true }
  made.offset, made.length = self.offset + first - 1, stop - first
  if wire == 0 and stop - at <= 10 then
    made.value = digits_of(signed(varint(self.data, at, stop - 1)))
  elseif wire == 1 then
    made.value = tostring(self.tvb(self.offset + at - 1, 8):le_float())
  else
    local raw = self.data:sub(at, stop - 1)
    if wire == 2 then
      local _, _, after = varint(self.data, at, stop - 1)
      raw = self.data:sub(after, stop - 1)
    end
    made.value = wire == 2 and is_printable(raw) and raw or hexadecimal(raw)
  end
  node.items[#node.items + 1] = made
end

function Walker:delimited(node, field, number, path, first, at, stop, depth)
  local _, _, from = varint(self.data, at, stop - 1)
  local kind = field[2]
  if kind == "m" or PROTOBUF[kind] then
    local made = self:node(field, path, first, stop)
    made.items, made.is_message = {}, true
    node.items[#node.items + 1] = made
    if depth < MAX_DEPTH then
      self:message(made, kind == "m" and "MapEntry" or kind, from, stop - 1, depth + 1, made.path .. ".")
    end
  elseif field[3] and SCALARS[kind] ~= 2 then
    self:packed(node, field, number, path, from, stop)
  else
    local made = self:node(field, path, from, stop)
    self:text(made, field, number, from, stop)
    node.items[#node.items + 1] = made
  end
end

-- The octets from ``at`` to ``last`` as the message ``name`` (nil for an unknown one).
function Walker:message(node, name, at, last, depth, path)
  local known = name and PROTOBUF[name] or {}
  while at <= last do
    local first = at
    local low, high, after = varint(self.data, at, last)
    local wire, number = low and low % 8, low and (low - low % 8) / 8 + high * 2 ^ 29
    local stop = low and number > 0 and extent(self.data, wire, after, last) or nil
    if not stop or self.left == 0 then
      local where = path ~= "" and path:sub(1, -2) .. ": " or ""
      local what = self.left > 0 and "not protobuf" or "more values than are decoded"
      self:complain(("%s%s from octet %d on"):format(where, what, first - 1))
      node.items[#node.items + 1] = {
        label = "undecoded", unknown = true, offset = self.offset + first - 1, length = last - first + 1,
        value = hexadecimal(self.data:sub(first, math.min(last, first + 63))),
      }
      return
    end
    self.left = self.left - 1
    self:field(node, known[number], number, wire, first, after, stop, depth, path, name)
    at = stop
  end
end

function Walker:field(node, field, number, wire, first, at, stop, depth, path, name)
  local expected = field and (SCALARS[field[2]] or 2)
  local packed = field and field[3] and expected ~= 2
  if field and wire == (packed and 2 or expected) and wire == 2 then
    self:delimited(node, field, number, path, first, at, stop, depth)
  elseif field and wire == expected then
    local made = self:node(field, path, at, stop)
    if wire == 1 then
      self:double(made, at)
    else
      self:integer(made, field, number, at, stop)
    end
    node.items[#node.items + 1] = made
  else
    self:unknown(node, number, wire, first, at, stop)
    if field then
      self:complain(("%s%s (field %d) is of another type"):format(path, field[1], number))
    elseif name then
      self:complain(("%sfield_%d is newer than known"):format(path, number))
    end
  end
end

-- Read a body (a Lua string that begins at ``offset`` of ``tvb``) as the message ``name``: the tree, and the problem.
local function read_protobuf(tvb, body, offset, name)
  local walker = setmetatable({ tvb = tvb, data = body, offset = offset, left = MAX_VALUES }, Walker)
  local root = { label = "", items = {} }
  walker:message(root, name, 1, #body, 0, "")
  return root, walker.problem
end
