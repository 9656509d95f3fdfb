// The files of a package, in memory: read from a folder or an archive within bounds, named by their digest.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"

namespace dos::package {

inline constexpr std::size_t files_max = 1'000;
inline constexpr std::size_t file_bytes_max = 2 << 20;
inline constexpr std::size_t package_bytes_max = 4 << 20;  // all files together, unpacked
inline constexpr std::size_t archive_bytes_max = package_bytes_max + (1 << 20);
inline constexpr std::size_t path_bytes_max = 200;

struct folder {
  std::map<std::string, std::string, std::less<>> files;  // by path, "models/booking.yaml"

  std::string const* find(std::string_view path) const;
  // The same for the same files, whatever order and whatever archive they came in: SHA-256, hexadecimal.
  std::string digest() const;
};

// Faults of all of these: too_large over a bound above; invalid, with the path, for what does not belong into a package:
// a path that climbs, a symbolic link, a device, one file twice; malformed for bytes that are no archive.
folder read_folder(std::string const& directory);
// ZIP (stored or deflated) or tar. A folder around all files, as archivers like to make it, is left out.
folder read_archive(std::string_view bytes);
std::string to_zip(folder const& f, std::string_view around);  // the same bytes for the same files

// As a record holds it: {path: text, or {base64}}.
json::value to_json(folder const& f);
folder folder_from(json::value const& files);

}  // namespace dos::package
