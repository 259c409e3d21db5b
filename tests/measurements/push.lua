-- Pushes to a sample gallery, for wrk: every push is a package of its own, the next version of one id.
-- A package is a zip with one file, stored as it is (PKWARE APPNOTE 4.3).

local bit = require("bit")
local expected, boundary = @EXPECTED@, "measured"
local threads, number = {}, 0
local crc_of = {}
for byte = 0, 255 do
  local crc = byte
  for _ = 1, 8 do
    crc = bit.bxor(bit.rshift(crc, 1), bit.band(crc, 1) == 1 and 0xEDB88320 or 0)
  end
  crc_of[byte] = crc
end

local function crc32(text)
  local crc = -1
  for place = 1, #text do
    crc = bit.bxor(crc_of[bit.band(bit.bxor(crc, text:byte(place)), 0xFF)], bit.rshift(crc, 8))
  end
  return bit.bnot(crc)
end

local function little(value, bytes)
  local out = {}
  for place = 1, bytes do
    out[place] = string.char(bit.band(bit.rshift(value, 8 * (place - 1)), 0xFF))
  end
  return table.concat(out)
end

local function package(version)
  local name = "@PACKAGE@.nuspec"
  local file = "<package><metadata><id>@PACKAGE@</id><version>" .. version .. "</version><authors>@AUTHOR@</authors>"
    .. "<description>measured</description></metadata></package>"
  local facts = little(10, 2) .. little(0, 2) .. little(0, 2) .. little(0, 2) .. little(33, 2)
    .. little(crc32(file), 4) .. little(#file, 4) .. little(#file, 4) .. little(#name, 2) .. little(0, 2)
  local stored = "PK\3\4" .. facts .. name .. file
  local directory = "PK\1\2" .. little(10, 2) .. facts .. little(0, 2) .. little(0, 2) .. little(0, 2)
    .. little(0, 4) .. little(0, 4) .. name
  return stored .. directory .. "PK\5\6" .. little(0, 4) .. little(1, 2) .. little(1, 2)
    .. little(#directory, 4) .. little(#stored, 4) .. little(0, 2)
end

function setup(thread)
  thread:set("id", #threads + 1)
  table.insert(threads, thread)
end

function init()
  seen, others = 0, 0
end

function request()
  number = number + 1
  local part = "--" .. boundary .. "\r\nContent-Disposition: form-data; name=package; filename=package\r\n\r\n"
  local body = part .. package("1." .. id .. "." .. number) .. "\r\n--" .. boundary .. "--\r\n"
  return wrk.format("PUT", "/api/v2/package/", {
    ["Host"] = "@HOST@",
    ["Content-Type"] = "multipart/form-data; boundary=" .. boundary,
    ["X-NuGet-ApiKey"] = "@KEY@",
  }, body)
end

function response(status)
  if status == expected then seen = seen + 1 else others = others + 1 end
end

function done(summary)
  local all, wrong = 0, 0
  for _, thread in ipairs(threads) do
    all, wrong = all + thread:get("seen"), wrong + thread:get("others")
  end
  local errors = summary.errors
  io.write("expected: ", all, "\nothers: ", wrong, "\n")
  io.write("failed: ", errors.connect + errors.read + errors.write + errors.timeout, "\n")
end
