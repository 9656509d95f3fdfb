#include "kernel/store/space_reserve.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

namespace dos::store {
namespace {

constexpr std::uint64_t left_free_bytes = 4 << 20;

}  // namespace

std::uint64_t free_bytes(std::filesystem::path const& directory) {
  struct statvfs s;
  return ::statvfs(directory.c_str(), &s) == 0 ? std::uint64_t(s.f_bavail) * s.f_frsize : UINT64_MAX;
}

space_reserve::space_reserve(std::filesystem::path const& dir, std::uint64_t bytes) : file_(dir / "reserve"), bytes_(bytes) {
  auto error = std::error_code();
  auto const size = std::filesystem::file_size(file_, error);
  if (!error) held_ = size;
}

void space_reserve::release_if_needed() {
  if (free_bytes(file_.parent_path()) >= bytes_) return;
  auto error = std::error_code();
  std::filesystem::remove(file_, error);
  if (!error) held_ = 0;
}

void space_reserve::take() {
  auto const free = free_bytes(file_.parent_path());
  if (is_whole() || free <= left_free_bytes) return;
  auto const wanted = std::min(bytes_, held_ + (free - left_free_bytes));
  auto const handle = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (handle < 0) return;
  if (::posix_fallocate(handle, 0, off_t(wanted)) == 0) held_ = wanted;
  else if (::ftruncate(handle, off_t(held_)) != 0) held_ = 0;
  ::close(handle);
}

}  // namespace dos::store
