// ZIP (PKWARE APPNOTE 6.3.10) and tar (POSIX ustar): as much as a package needs, within its bounds.
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/fault.h"
#include "base/text.h"
#include "package/folder.h"

namespace dos::package {

void add_file(folder& f, std::string path, std::string content, std::size_t& bytes);  // folder.cc

namespace {

[[noreturn]] void fail(std::string const& why) { throw fault(fault_kind::malformed, "this is no archive that can be read: " + why); }

std::uint32_t number_at(std::string_view b, std::size_t at, int size) {
  if (at + std::size_t(size) > b.size()) fail("it ends too early");
  auto n = std::uint32_t(0);
  for (auto i = size; i-- > 0;) n = n << 8 | static_cast<unsigned char>(b[at + std::size_t(i)]);
  return n;
}
std::uint32_t u16(std::string_view b, std::size_t at) { return number_at(b, at, 2); }
std::uint32_t u32(std::string_view b, std::size_t at) { return number_at(b, at, 4); }

std::string inflated(std::string_view packed, std::size_t size) {
  auto out = std::string(size, '\0');
  auto stream = z_stream();
  if (inflateInit2(&stream, -15) != Z_OK) fail("it cannot be unpacked");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = uInt(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = uInt(out.size());
  auto const done = inflate(&stream, Z_FINISH);
  auto const whole = stream.total_out == size;
  inflateEnd(&stream);
  if (done != Z_STREAM_END || !whole) fail("a file in it is damaged");
  return out;
}

folder read_zip(std::string_view b) {
  constexpr auto end_size = std::size_t(22);
  if (b.size() < end_size) fail("it ends too early");
  // The directory of files stands at the end, behind it at most a comment of 64 KiB.
  auto end = b.size() - end_size;
  auto const least = end > 65'535 ? end - 65'535 : 0;
  while (u32(b, end) != 0x06054b50) {
    if (end == least) fail("it has no directory");
    --end;
  }
  auto const count = u16(b, end + 10);
  auto at = std::size_t(u32(b, end + 16));
  require(count <= files_max * 2, fault_kind::too_large, "a package has at most " + std::to_string(files_max) + " files");
  auto f = folder();
  auto bytes = std::size_t(0);
  for (auto i = 0u; i < count; ++i) {
    if (u32(b, at) != 0x02014b50) fail("its directory is damaged");
    auto const flags = u16(b, at + 8), method = u16(b, at + 10), made_by = u16(b, at + 4) >> 8;
    auto const packed = u32(b, at + 20), size = u32(b, at + 24), checksum = u32(b, at + 16);
    auto const name_size = u16(b, at + 28), extra = u16(b, at + 30), comment = u16(b, at + 32);
    auto const mode = made_by == 3 ? u32(b, at + 38) >> 16 : 0;
    auto const local = std::size_t(u32(b, at + 42));
    if (at + 46 + name_size > b.size()) fail("it ends too early");
    auto const path = std::string(b.substr(at + 46, name_size));
    at += 46 + name_size + extra + comment;
    require((mode & 0170000) != 0120000, fault_kind::invalid, path + ": a package has no symbolic links");
    if (path.ends_with('/')) continue;
    require(!(flags & 1), fault_kind::invalid, path + ": is encrypted");
    require(size <= file_bytes_max, fault_kind::too_large, path + ": a file has at most " + std::to_string(file_bytes_max >> 20) + " MiB");
    require(bytes + size <= package_bytes_max, fault_kind::too_large, "a package has at most " + std::to_string(package_bytes_max >> 20) + " MiB");
    if (u32(b, local) != 0x04034b50) fail("its directory is damaged");
    auto const from = local + 30 + u16(b, local + 26) + u16(b, local + 28);
    if (from + packed > b.size()) fail("it ends too early");
    auto const content = b.substr(from, packed);
    if (method != 0 && method != 8) fail(path + " is packed in a way that is not known here");
    if (method == 0 && packed != size) fail(path + " is damaged");
    auto unpacked = method == 8 ? inflated(content, size) : std::string(content);
    if (crc32(0, reinterpret_cast<Bytef const*>(unpacked.data()), uInt(unpacked.size())) != checksum) fail(path + " is damaged");
    add_file(f, path, std::move(unpacked), bytes);
  }
  return f;
}

folder read_tar(std::string_view b) {
  constexpr auto block = std::size_t(512);
  auto f = folder();
  auto bytes = std::size_t(0);
  auto const text_at = [&](std::size_t at, std::size_t most) {
    auto const s = b.substr(at, most);
    return std::string(s.substr(0, s.find('\0')));
  };
  for (auto at = std::size_t(0); at + block <= b.size();) {
    if (b[at] == '\0') break;
    auto size = std::size_t(0);
    for (auto const c : text_at(at + 124, 12)) {
      if (c >= '0' && c <= '7') size = size * 8 + std::size_t(c - '0');
      if (size > package_bytes_max) throw fault(fault_kind::too_large, "a package has at most " + std::to_string(package_bytes_max >> 20) + " MiB");
    }
    auto const prefix = text_at(at + 345, 155);
    auto const path = (prefix.empty() ? "" : prefix + '/') + text_at(at, 100);
    auto const kind = b[at + 156];
    auto const from = at + block;
    if (from + size > b.size()) fail("it ends too early");
    at = from + (size + block - 1) / block * block;
    if (kind == '5' || kind == 'g' || kind == 'x') continue;  // folders, and what they say of times
    require(kind == '0' || kind == '\0', fault_kind::invalid, path + ": a package has files and folders only, no links and devices");
    add_file(f, path.starts_with("./") ? path.substr(2) : path, std::string(b.substr(from, size)), bytes);
  }
  return f;
}

void write_number(std::string& out, std::uint32_t n, int size) {
  for (auto i = 0; i < size; ++i) out += char(n >> (8 * i) & 0xff);
}

}  // namespace

folder read_archive(std::string_view bytes) {
  require(bytes.size() <= archive_bytes_max, fault_kind::too_large, "a package has at most " + std::to_string(package_bytes_max >> 20) + " MiB");
  auto f = bytes.starts_with("PK") ? read_zip(bytes) : bytes.size() > 262 && bytes.substr(257, 5) == "ustar" ? read_tar(bytes) : folder();
  if (f.files.empty()) fail("a ZIP or tar file with the files of one package is wanted");
  if (f.find("measure.yaml") || f.find("module.yaml")) return f;
  auto const first = f.files.begin()->first;
  auto const around = first.substr(0, first.find('/') + 1);
  auto const lies_in = [&](auto const& file) { return file.first.starts_with(around); };
  if (around.empty() || !std::all_of(f.files.begin(), f.files.end(), lies_in)) return f;
  auto inner = folder();
  for (auto& [path, content] : f.files) inner.files.emplace(path.substr(around.size()), std::move(content));
  return inner;
}

std::string to_zip(folder const& f, std::string_view around) {
  auto out = std::string(), directory = std::string();
  for (auto const& [path, content] : f.files) {
    auto const name = std::string(around) + '/' + path;
    auto const offset = std::uint32_t(out.size());
    auto const checksum = std::uint32_t(crc32(0, reinterpret_cast<Bytef const*>(content.data()), uInt(content.size())));
    auto const size = std::uint32_t(content.size());
    auto const common = [&](std::string& to) {
      for (auto const n : {20u, 0x800u, 0u, 0u, 0x21u}) write_number(to, n, 2);  // version, UTF-8, stored, 1980-01-01
      for (auto const n : {checksum, size, size}) write_number(to, n, 4);
      for (auto const n : {std::uint32_t(name.size()), 0u}) write_number(to, n, 2);
    };
    write_number(out, 0x04034b50, 4);
    common(out);
    out += name;
    out += content;
    write_number(directory, 0x02014b50, 4);
    write_number(directory, 3u << 8 | 20u, 2);  // made on Unix
    common(directory);
    for (auto const n : {0u, 0u, 0u}) write_number(directory, n, 2);
    write_number(directory, 0100644u << 16, 4);
    write_number(directory, offset, 4);
    directory += name;
  }
  auto const at = std::uint32_t(out.size());
  out += directory;
  write_number(out, 0x06054b50, 4);
  for (auto const n : {0u, 0u, unsigned(f.files.size()), unsigned(f.files.size())}) write_number(out, n, 2);
  write_number(out, std::uint32_t(directory.size()), 4);
  write_number(out, at, 4);
  write_number(out, 0, 2);
  return out;
}

}  // namespace dos::package
