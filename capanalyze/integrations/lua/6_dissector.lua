-- The dissector: a TCP stream in, hellos and frames out; what a conversation knows is kept by its tcp.stream.

local tcp_stream = Field.new("tcp.stream")
local streams = {} -- tcp.stream -> {client, server_version, legacy, client_id_frame, opened, other}

local MAX_FRAME = 0xFFFFFF -- of a payload: what clients take (error 507 above it)
local HELLO_OCTETS = 4096 -- of a hello's text
local SEARCHED = 65536 -- octets that are searched for frames where framing was lost
local CHAIN = 3 -- plausible headers in a row that make a frame boundary
local SHOWN_NAMES = 6 -- in the Info column
local MORE, LOST = 0, -1 -- in place of a size

tws.prefs.ports = Pref.range("TCP ports", PORTS, "Ports of TWS and IB Gateway", 65535)
tws.prefs.version = Pref.uint("Server version", 0, "Where the capture has no hello; 0: what the fields allow")

function tws.prefs_changed()
  DissectorTable.get("tcp.port"):set(tws.prefs.ports, tws)
end

function tws.init()
  streams = {}
end

local function stream_of(pinfo)
  local known = { tcp_stream() }
  local number = #known > 0 and known[#known].value or -1
  streams[number] = streams[number] or { opened = {}, other = {} }
  return streams[number]
end

-- Which end sent a packet: by the hello, else by the port, else the end on the port that called us is the server.
local function is_from_client(stream, pinfo)
  local here = ("%s %d"):format(tostring(pinfo.src), pinfo.src_port)
  if stream.client then
    return here == stream.client
  end
  return pinfo.match_uint == pinfo.dst_port
end

local function note_client(stream, pinfo, from_client)
  local address, port = pinfo.src, pinfo.src_port
  if not from_client then
    address, port = pinfo.dst, pinfo.dst_port
  end
  stream.client = ("%s %d"):format(tostring(address), port)
end

-- The form and id of a payload that begins at ``at`` of ``tvb``; nil where more octets are needed, LOST for none.
local function identify(tvb, at, length)
  local here = math.min(tvb:len() - at, length)
  local head = tvb:raw(at, math.min(here, 4))
  if here == 0 then
    return nil
  elseif head:byte(1) == 0 then
    if length < 4 or (head:byte(2) or 0) ~= 0 or (head:byte(3) or 0) > 1 then
      return LOST
    elseif here < 4 then
      return nil
    end
    local id = head:byte(3) * 256 + head:byte(4)
    if id == 0 then
      return LOST
    elseif id > PROTOBUF_OFFSET then
      return "protobuf", id - PROTOBUF_OFFSET, 4
    end
    return "binary_id", id, 4
  end
  local digits = head:match("^([1-9]%d?%d?)%z")
  if digits then
    return "text", tonumber(digits), #digits + 1
  end
  local unfinished = here < 4 and here < length and head:match("^[1-9]%d*$")
  return not unfinished and LOST or nil
end

-- Octets of the frame that begins at ``at``: MORE where they do not tell, LOST where none begins.
local function frame_size(tvb, at)
  if tvb:len() - at < 4 then
    return tvb(at, 1):uint() == 0 and MORE or LOST
  end
  local length = tvb(at, 4):uint()
  if length == 0 then
    return 4
  elseif length > MAX_FRAME then
    return LOST
  end
  local form = identify(tvb, at + 4, length)
  return form == nil and MORE or form == LOST and LOST or 4 + length
end

-- The client's hello at the beginning of its side: its size, MORE, or nil where it is none.
local function client_hello_size(tvb, at)
  local head = tvb:raw(at, math.min(tvb:len() - at, 8))
  if head ~= ("API\0"):sub(1, #head) and head:sub(1, 4) ~= "API\0" then
    return nil
  elseif #head < 8 then
    return MORE
  end
  local length = tvb(at + 4, 4):uint()
  if length == 0 or length > HELLO_OCTETS then
    return nil
  elseif tvb:len() - at < 8 + length then
    return 8 + length
  end
  return tvb:raw(at + 8, length):match("^v%d+") and 8 + length or nil
end

-- The server's hello: a frame of a version and a time, or of a negative number and an address.
local function server_hello(tvb, at)
  if tvb:len() - at < 8 then
    return nil
  end
  local length = tvb(at, 4):uint()
  if length == 0 or length > HELLO_OCTETS or tvb:len() - at < 4 + length then
    return nil
  end
  local version, time = tvb:raw(at + 4, length):match("^(-?%d+)%z([^%z]*)%z$")
  if not version or #version > 10 then
    return nil
  elseif version:sub(1, 1) ~= "-" and not time:match("^%d%d%d%d%d%d%d%d %d%d:") then
    return nil
  end
  return 4 + length, version, time
end

-- A hello that redirects, before it is whole, looks like no frame.
local function is_redirect(tvb, at)
  return tvb:len() - at >= 5 and tvb(at, 2):uint() == 0 and tvb(at + 4, 1):uint() == 45
end

local function name_in_column(stream, pinfo, words, from_client)
  if stream.column ~= pinfo.number then
    stream.column, stream.shown = pinfo.number, 0
    pinfo.cols.protocol = "TWS"
    pinfo.cols.info = from_client and "Request" or "Answer"
  end
  stream.shown = stream.shown + 1
  if stream.shown <= SHOWN_NAMES then
    pinfo.cols.info:append((stream.shown == 1 and ": " or ", ") .. words)
  elseif stream.shown == SHOWN_NAMES + 1 then
    pinfo.cols.info:append(", ...")
  end
end

local function head_of(tree, range, words, form, from_client)
  local root = tree:add(tws, range, "TWS " .. words)
  add_generated(root, pf.sender, from_client and "client" or "server")
  add_generated(root, pf.form, form)
  return root
end

local function show_client_hello(stream, tvb, pinfo, tree, at, size)
  local versions = tvb:raw(at + 8, size - 8)
  local lowest, highest, options = versions:match("^v(%d+)%.?%.?(%d*) ?([^%z]*)")
  highest = highest ~= "" and highest or lowest
  note_client(stream, pinfo, true)
  name_in_column(stream, pinfo, "hello v" .. lowest .. ".." .. highest, true)
  local root = head_of(tree, tvb(at, size), "hello " .. clean(versions), "hello", true)
  add_generated(root, pf.name, "hello")
  root:add(pf.magic, tvb(at, 4), "API\\0")
  root:add(pf.len, tvb(at + 4, 4))
  root:add(pf.versions, tvb(at + 8, size - 8), clean(versions))
  root:add(pf.min_version, tvb(at + 8, size - 8), tonumber(lowest:sub(1, 9)))
  root:add(pf.max_version, tvb(at + 8, size - 8), tonumber(highest:sub(1, 9)))
  if options ~= "" then
    root:add(pf.options, tvb(at + 8, size - 8), clean(options))
  end
  local library = LIBRARIES[lowest .. ".." .. highest]
  if library then
    add_generated(root, pf.library, library)
  end
end

local function show_server_hello(stream, tvb, pinfo, tree, at, size, version, time)
  note_client(stream, pinfo, false)
  local number = tonumber(version)
  local root = head_of(tree, tvb(at, size), ("hello %s %s"):format(version, clean(time)), "hello", false)
  add_generated(root, pf.name, "hello")
  root:add(pf.len, tvb(at, 4))
  local text = tvb(at + 4, size - 4)
  root:add(pf.server_version, text, number)
  if number < 0 then
    root:add(pf.redirect, text, clean(time))
  else
    stream.server_version = number
    root:add(pf.time, text, clean(time))
  end
  name_in_column(stream, pinfo, "hello " .. version, false)
end

local function version_of(stream)
  if stream.server_version then
    return stream.server_version
  end
  return tws.prefs.version > 0 and tws.prefs.version or nil
end

-- The tree of a message, and the first thing in it that does not fit.
local function decode(row, form, tvb, offset, length, version)
  local body = tvb:raw(offset, length)
  if form == "protobuf" then
    local root, problem = read_protobuf(tvb, body, offset, row and row.protobuf)
    return root, problem or (not row and "unknown message id") or (not row.protobuf and "not known as protobuf") or nil
  end
  local fields = split(body, offset)
  local root, problem
  if not row or not row.layout then
    root = { items = {} }
    surplus(fields, 0, root)
    return root, row and "known as protobuf only" or "unknown message id"
  elseif version then
    local by
    root, by = read(plan(row, version), fields)
    problem = by.problem
    if problem and version > NEWEST then
      problem = ("%s; server version %d is newer than the %d known"):format(problem, version, NEWEST)
    end
  else
    root, problem = read_without_version(row, fields, form)
  end
  if not problem and length > 0 and body:byte(-1) ~= 0 then
    problem = "does not end with a NUL"
  end
  return root, problem
end

local function key_of(row, root)
  local key = row and row.key ~= "" and child(root, row.key) or nil
  return key and key.integer and key.value or nil
end

-- Show the message whose id and body lie in ``tvb`` at ``at``; ``range`` is all of it, its length included.
local function show_message(stream, tvb, pinfo, tree, range, from_client, form, id, at, length, id_octets)
  local row = (from_client and REQUESTS or ANSWERS)[id]
  local name = row and row.name or "message_" .. id
  local root, problem = decode(row, form, tvb, at + id_octets, length - id_octets, version_of(stream))
  local key = key_of(row, root)
  local words = key and ("%s %s"):format(name, digits_of(key)) or name
  name_in_column(stream, pinfo, words, from_client)
  local head = head_of(tree, range, words, form, from_client)
  head:add(pf.id, tvb(at, id_octets), id)
  add_generated(head, pf.name, name)
  if row then
    add_generated(head, pf.constant, row.constant)
  end
  if version_of(stream) then
    add_generated(head, pf.server_version, version_of(stream))
  end
  if key then
    add_generated(head, pf.request_id, key)
  end
  show(head, root, tvb, name, { left = MAX_ITEMS })
  if problem then
    show_problem(head, problem)
  end
  if not from_client and row == ANSWERS[4] then
    show_error(head, root)
  end
  return head
end

local function show_frame(stream, tvb, pinfo, tree, at, size, from_client)
  if size == 4 then
    local head = head_of(tree, tvb(at, 4), "empty frame", "empty", from_client)
    head:add_proto_expert_info(expert.framing, "a frame of length 0")
    return
  end
  local form, id, id_octets = identify(tvb, at + 4, size - 4)
  local head = show_message(stream, tvb, pinfo, tree, tvb(at, size), from_client, form, id, at + 4, size - 4, id_octets)
  head:add(pf.len, tvb(at, 4))
end

-- A frame of which the capture has the beginning only (snapshot length, or no reassembly).
local function show_cut(tvb, pinfo, tree, at, size, from_client)
  local words = "cut message"
  if tvb:len() - at > 4 then
    local form, id = identify(tvb, at + 4, size - 4)
    local row = id and (from_client and REQUESTS or ANSWERS)[id]
    words = row and row.name .. ", cut" or words
  end
  local head = tree:add(tws, tvb(at), "TWS " .. words)
  head:add_proto_expert_info(expert.cut, ("%d of %d octets"):format(tvb:len() - at, size))
  return tvb:len()
end

-- What the first octets of a side are where they are no TWS.
local function describe(tvb, at, from_client)
  local head = tvb:raw(at, math.min(tvb:len() - at, 64))
  for _, known in ipairs(PROTOCOLS) do
    if head:sub(1, #known[1]) == known[1] then
      return known[2]
    end
  end
  if from_client and head:sub(1, 3) == "API" then
    return "a wrong hello: a right one is API, NUL, a 4-octet length, v100..176"
  end
  return "octets that are no TWS message"
end

local function show_not_tws(stream, tvb, pinfo, tree, at, from_client)
  local what = (from_client and "the client sent " or "the server sent ") .. describe(tvb, at, from_client)
  local head = tree:add(tws, tvb(at), "TWS: not the protocol")
  head:add(pf.not_tws, tvb(at), what)
  head:add_proto_expert_info(expert.not_tws, what)
  name_in_column(stream, pinfo, "not TWS", from_client)
  Dissector.get("data"):call(tvb(at):tvb(), pinfo, tree)
end

-- Where framing was lost: the next place where CHAIN plausible frames follow each other, or reach the end.
local function find_frames(tvb, from)
  local last = math.min(tvb:len() - 6, from + SEARCHED)
  for at = from, last do
    if tvb(at, 2):uint() == 0 then
      local next_at, count = at, 0
      while count < CHAIN and next_at < tvb:len() do
        local size = frame_size(tvb, next_at)
        if size <= 4 then
          break
        end
        next_at, count = next_at + size, count + 1
      end
      if count == CHAIN or (count > 0 and next_at == tvb:len()) then
        return at
      end
    end
  end
  return nil
end

local function show_lost(tvb, tree, at, upto)
  local head = tree:add(tws, tvb(at, upto - at), "TWS: no frame begins here")
  head:add_proto_expert_info(expert.framing, ("no frame in %d octets"):format(upto - at))
end

-- Ask for ``size`` octets from ``at`` on (nil: one more segment); where TCP cannot give them, show what there is.
local function want(tvb, pinfo, tree, at, size, from_client)
  local is_cut = tvb:len() < tvb:reported_len()
  if pinfo.can_desegment == 0 or (is_cut and size and at + size <= tvb:reported_len()) then
    return show_cut(tvb, pinfo, tree, at, size or tvb:len() - at, from_client)
  end
  pinfo.desegment_offset = at
  pinfo.desegment_len = size and at + size - tvb:len() or DESEGMENT_ONE_MORE_SEGMENT
  return tvb:len()
end

-- Sessions from before server version 100: fields without lengths, as far as the layouts can count them.
local function dissect_unframed(stream, tvb, pinfo, tree, at, from_client)
  local data = tvb:raw(0, tvb:len())
  while at < tvb:len() do
    local nul = data:find("\0", at + 1, true)
    local digits = nul and data:sub(at + 1, nul - 1)
    if not nul and tvb:len() - at <= 10 then
      return want(tvb, pinfo, tree, at, nil, from_client)
    elseif not digits or not digits:match("^%d%d?%d?%d?$") then
      show_lost(tvb, tree, at, tvb:len())
      return tvb:len()
    end
    local row = (from_client and REQUESTS or ANSWERS)[tonumber(digits)]
    if from_client and not stream.client_id_frame and digits ~= "71" then
      stream.client_id_frame = pinfo.number
    end
    if from_client and stream.client_id_frame == pinfo.number and digits ~= "71" then
      tree:add(tws, tvb(at, #digits + 1), "TWS client id " .. digits)
      name_in_column(stream, pinfo, "client id " .. digits, true)
      at = at + #digits + 1
    elseif not row or not row.layout then
      show_lost(tvb, tree, at, tvb:len())
      return tvb:len()
    else
      local length = unframed_length(row, data, nul + 1, stream.server_version or LAST_UNFRAMED)
      if not length then
        return want(tvb, pinfo, tree, at, nil, from_client)
      end
      local size = #digits + 1 + length
      stream.client_id_frame = stream.client_id_frame or (from_client and -1) or nil
      show_message(stream, tvb, pinfo, tree, tvb(at, size), from_client, "unframed", row.id, at, size, #digits + 1)
      at = at + size
    end
  end
  return tvb:len()
end

-- The hello of a client or server from before version 100: its size, MORE, or nil where it is none.
local function show_legacy_hello(stream, tvb, pinfo, tree, from_client)
  local data = tvb:raw(0, math.min(tvb:len(), 64))
  local version, time, size
  if from_client then
    version = data:match("^(%d+)%z")
    size = version and #version + 1
  else
    version, time = data:match("^(%d+)%z([^%z]*)%z")
    size = version and #version + #time + 2
  end
  if not version or #version > 9 then
    return data:match("^%d*$") and #data < 10 and MORE or nil
  end
  stream.legacy = true
  note_client(stream, pinfo, from_client)
  local root = head_of(tree, tvb(0, size), "hello " .. version, "hello", from_client)
  add_generated(root, pf.name, "hello")
  if from_client then
    root:add(pf.versions, tvb(0, size), version)
  else
    stream.server_version = tonumber(version)
    root:add(pf.server_version, tvb(0, size), tonumber(version))
    root:add(pf.time, tvb(0, size), clean(time))
  end
  name_in_column(stream, pinfo, "hello " .. version, from_client)
  return size
end

-- The opening of a side: "begins" and where frames begin; "more" and how many octets (nil: unknown); or "other".
local function dissect_opening(stream, tvb, pinfo, tree, from_client)
  local size = client_hello_size(tvb, 0)
  if size and (size == MORE or size > tvb:len()) then
    return "more", size > MORE and size or nil
  elseif size then
    show_client_hello(stream, tvb, pinfo, tree, 0, size)
    return "begins", size
  end
  local hello_size, version, time = server_hello(tvb, 0)
  if hello_size and not from_client then
    show_server_hello(stream, tvb, pinfo, tree, 0, hello_size, version, time)
    return "begins", hello_size
  elseif not from_client and is_redirect(tvb, 0) and tvb(0, 4):uint() <= HELLO_OCTETS then
    return "more", 4 + tvb(0, 4):uint()
  end
  local first = tvb(0, 1):uint()
  if first >= 48 and first <= 57 and (from_client or stream.legacy) then
    size = show_legacy_hello(stream, tvb, pinfo, tree, from_client)
    return size == MORE and "more" or size and "begins" or "other", size ~= MORE and size or nil
  end
  local plausible = frame_size(tvb, 0)
  if plausible == MORE then
    return "more", nil
  elseif plausible > tvb:len() then
    return "more", plausible -- a hello may be among what it is, once it is whole
  elseif plausible ~= LOST or find_frames(tvb, 1) then
    return "begins", 0
  end
  return "other", nil
end

local function dissect_frames(stream, tvb, pinfo, tree, at, from_client)
  while at < tvb:len() do
    local size = frame_size(tvb, at)
    if size == MORE then
      return want(tvb, pinfo, tree, at, nil, from_client)
    elseif size == LOST then
      local found = find_frames(tvb, at + 1) or tvb:len()
      show_lost(tvb, tree, at, found)
      at = found
    elseif at + size > tvb:len() then
      return want(tvb, pinfo, tree, at, size, from_client)
    else
      show_frame(stream, tvb, pinfo, tree, at, size, from_client)
      at = at + size
    end
  end
  return tvb:len()
end

function tws.dissector(tvb, pinfo, tree)
  if tvb:len() == 0 then
    return 0
  end
  local stream = stream_of(pinfo)
  if not stream.client and tvb:raw(0, math.min(4, tvb:len())) == "API\0" then
    note_client(stream, pinfo, true)
  end
  local from_client = is_from_client(stream, pinfo)
  local side = from_client and "client" or "server"
  local here = ("%d %d"):format(pinfo.number, tvb:len()) -- the same piece, dissected again
  local at = 0
  if stream.opened[side] == nil or stream.opened[side] == here then
    local found, octets = dissect_opening(stream, tvb, pinfo, tree, from_client)
    if found == "more" then
      return want(tvb, pinfo, tree, 0, octets, from_client)
    end
    stream.opened[side] = here
    stream.other[side] = found == "other"
    at = octets or 0
  end
  if stream.other[side] then
    show_not_tws(stream, tvb, pinfo, tree, at, from_client)
    return tvb:len()
  elseif stream.legacy then
    return dissect_unframed(stream, tvb, pinfo, tree, at, from_client)
  end
  return dissect_frames(stream, tvb, pinfo, tree, at, from_client)
end

-- On other ports a conversation is ours if it begins with a client's hello.
tws:register_heuristic("tcp", function(tvb, pinfo, tree)
  if tvb:len() < 10 or tvb:raw(0, 4) ~= "API\0" then
    return false
  end
  local size = client_hello_size(tvb, 0)
  if not size or size == MORE then
    return false
  end
  pinfo.conversation = tws
  tws.dissector(tvb, pinfo, tree)
  return true
end)

DissectorTable.get("tcp.port"):set(tws.prefs.ports, tws)
