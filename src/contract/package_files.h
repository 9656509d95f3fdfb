// Files of packages that other modules read: device profiles with their codecs, mappings.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace dos {

struct package_file {
  std::string package;  // "lorawan-devices"
  std::string path;     // within it: "devices/milesight-am107/device.yaml"
  std::string text;
};

// What a city can use: of its packages what it has of them, and of those that came with the program and that it does not
// have what came; in this order, each by path. Where two say the same thing, the first holds. Another pointer once that has changed.
using package_files = std::vector<package_file>;
using package_files_ptr = std::shared_ptr<package_files const>;

}  // namespace dos
