// Small files: what is read at once, and what must be whole: keys, markers, lists.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace dos {

std::string read_file(std::filesystem::path const& file);  // empty when there is none
std::string read_existing_file(std::filesystem::path const& file);  // fault: invalid
// Written beside, synced and renamed, so that a crash leaves the old file or the new one. What is there already needs no
// room on the disk. Fault: unavailable.
void write_file(std::filesystem::path const& file, std::string_view bytes, mode_t mode);
// Durable when it comes back. Fault: unavailable.
void append_to_file(std::filesystem::path const& file, std::string_view bytes, mode_t mode);

}  // namespace dos
