-- Values: the octets of a text field in, a Lua value and its words out; UNSET, or BAD for what is no such value.

local UNSET, BAD = {}, {}
local MAX_DIGITS = 20 -- of an integer: 64 bits have at most 19
local SAFE_DIGITS = 15 -- that a Lua number holds whatever they are
local WIDE_DIGITS = 18 -- that 64 bits hold whatever they are

local UNSET_DOUBLES = {
  ["1.7976931348623157E308"] = true, ["1.7976931348623157e+308"] = true,
  ["1.7976931348623157E+308"] = true, ["1.7976931348623157e308"] = true,
}
local UNSET_INTEGERS = {
  ["2147483647"] = true, ["9223372036854775807"] = true, ["-9223372036854775808"] = true,
}
local NOT_FINITE = { ["Infinity"] = math.huge, ["-Infinity"] = -math.huge, ["NaN"] = 0 / 0 }
local WORDS = {
  i = "an integer", k = "an integer", d = "a number", q = "a number", b = "a boolean", c = "a or o",
}

-- A string of decimal digits as a number, or as an Int64 where a number could not hold it; nil beyond 64 bits.
local function whole(text)
  local sign, digits = text:match("^([-+]?)0*(%d*)$")
  if #digits <= SAFE_DIGITS then
    return tonumber(sign .. "0" .. digits)
  end
  if #digits > WIDE_DIGITS then
    return nil
  end
  local value = Int64(0)
  for digit in digits:gmatch("%d") do
    value = value * Int64(10) + Int64(tonumber(digit))
  end
  return sign == "-" and Int64(0) - value or value
end

-- An integer's digits, be it a number or an Int64.
local function digits_of(value)
  return type(value) == "number" and ("%.0f"):format(value) or tostring(value)
end

local function identifier(raw)
  if raw == "" then
    return UNSET
  end
  local sign, digits = raw:match("^([-+]?)(%d+)$")
  if not digits or #digits > MAX_DIGITS then
    return BAD
  end
  digits = digits:match("^0*(%d.*)$")
  local words = (sign == "-" and digits ~= "0") and "-" .. digits or digits
  return whole(words), words
end

local function integer(raw)
  if UNSET_INTEGERS[raw] then
    return UNSET
  end
  return identifier(raw)
end

local function number(raw)
  if raw == "" or UNSET_DOUBLES[raw] then
    return UNSET
  end
  if NOT_FINITE[raw] then
    return NOT_FINITE[raw], raw
  end
  local mantissa = raw:gsub("[eE][-+]?%d+$", "")
  if mantissa:match("^[-+]?%d+%.?%d*$") or mantissa:match("^[-+]?%.%d+$") then
    return tonumber(raw), raw
  end
  return BAD
end

local function quantity(raw)
  if UNSET_INTEGERS[raw] then
    return UNSET
  end
  return number(raw)
end

local function boolean(raw)
  if raw == "1" or raw == "true" then
    return true, "True"
  elseif raw == "0" or raw == "false" then
    return false, "False"
  elseif raw == "" or UNSET_INTEGERS[raw] then
    return UNSET
  end
  return BAD
end

local function connector(raw)
  if raw == "a" then
    return true, "True"
  elseif raw == "o" then
    return false, "False"
  end
  return BAD
end

-- The length of the UTF-8 character that begins at ``at`` (RFC 3629: no surrogates, nothing overlong), 0 for none.
local function utf8_length(text, at)
  local first, second = text:byte(at, at + 1)
  if first < 0x80 then
    return 1
  end
  local size = (first >= 0xC2 and first <= 0xDF) and 2
    or (first >= 0xE0 and first <= 0xEF) and 3
    or (first >= 0xF0 and first <= 0xF4) and 4
    or 0
  if size == 0 or not second then
    return 0
  end
  local low = (first == 0xE0 and 0xA0) or (first == 0xF0 and 0x90) or 0x80
  local high = (first == 0xED and 0x9F) or (first == 0xF4 and 0x8F) or 0xBF
  if second < low or second > high then
    return 0
  end
  for index = at + 2, at + size - 1 do
    local octet = text:byte(index)
    if not octet or octet < 0x80 or octet > 0xBF then
      return 0
    end
  end
  return size
end

-- Text as it is, octets that are no UTF-8 as \xNN. A NUL would end the string for Wireshark and is written \0.
local function clean(raw)
  if not raw:find("[%z\128-\255]") then
    return raw
  end
  local out, at = {}, 1
  while at <= #raw do
    local size = utf8_length(raw, at)
    if size == 0 then
      out[#out + 1] = ("\\x%02x"):format(raw:byte(at))
      size = 1
    elseif raw:byte(at) == 0 then
      out[#out + 1] = "\\0"
    else
      out[#out + 1] = raw:sub(at, at + size - 1)
    end
    at = at + size
  end
  return table.concat(out)
end

local function text(raw)
  local words = clean(raw)
  return words, words
end

local function character(digits)
  local code = tonumber(digits, 16)
  if code >= 0xD800 and code <= 0xDFFF then
    return nil -- stays as it is written
  elseif code == 0 then
    return "\\0"
  elseif code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
  end
  return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local function escaped(raw)
  local words = clean(raw):gsub("\\u(%x%x%x%x)", character)
  return words, words
end

local CONVERT = {
  s = text, u = escaped, i = integer, k = identifier, d = number, q = quantity, b = boolean, c = connector,
}
