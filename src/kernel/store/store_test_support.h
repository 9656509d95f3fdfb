// A directory for the length of one test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace dos::store {

struct scratch_directory {
  scratch_directory() {
    auto name = (std::filesystem::temp_directory_path() / "dos-store-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~scratch_directory() { std::filesystem::remove_all(path); }
  scratch_directory(scratch_directory const&) = delete;

  std::filesystem::path path;
};

}  // namespace dos::store
