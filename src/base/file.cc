#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "base/fault.h"

namespace dos {
namespace {

void write_to(int handle, std::filesystem::path const& file, std::string_view bytes) {
  auto written = handle < 0 ? ssize_t(-1) : ::write(handle, bytes.data(), bytes.size());
  auto const synced = handle < 0 ? -1 : ::fsync(handle);
  if (handle >= 0) ::close(handle);
  require(written == ssize_t(bytes.size()) && synced == 0, fault_kind::unavailable, "cannot write " + file.string());
}

void sync_folder(std::filesystem::path const& folder) {
  auto const handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return;
  ::fsync(handle);
  ::close(handle);
}

}  // namespace

std::string read_file(std::filesystem::path const& file) {
  auto in = std::ifstream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string read_existing_file(std::filesystem::path const& file) {
  auto in = std::ifstream(file, std::ios::binary);
  require(bool(in), fault_kind::invalid, "cannot read the file " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(std::filesystem::path const& file, std::string_view bytes, mode_t mode) {
  if (std::filesystem::exists(file) && read_file(file) == bytes) return;
  auto const beside = file.string() + ".new";
  write_to(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), file, bytes);
  std::filesystem::rename(beside, file);
  sync_folder(file.parent_path());
}

void append_to_file(std::filesystem::path const& file, std::string_view bytes, mode_t mode) {
  auto const is_new = !std::filesystem::exists(file);
  write_to(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode), file, bytes);
  if (is_new) sync_folder(file.parent_path());
}

}  // namespace dos
