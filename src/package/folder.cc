#include "package/folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"

namespace dos::package {

std::string const* folder::find(std::string_view path) const {
  auto const it = files.find(path);
  return it == files.end() ? nullptr : &it->second;
}

std::string folder::digest() const {
  auto all = std::string();
  for (auto const& [path, content] : files) {
    all += std::to_string(path.size()) + ' ' + path + ' ' + std::to_string(content.size()) + ' ';
    all += content;
  }
  return text::to_hex(sha256(all));
}

void require_path(std::string_view path) {
  auto const bad = [&](std::string const& why) { throw fault(fault_kind::invalid, "the path \"" + std::string(path.substr(0, path_bytes_max)) + "\" " +
      why); };
  if (path.empty() || path.size() > path_bytes_max) bad("is empty or too long");
  if (!text::is_utf8(path)) bad("is not UTF-8");
  for (auto const c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == ':' || c == 0x7f) bad("has characters that no file here may have");
  }
  for (auto const step : text::split(path, '/')) {
    if (step.empty() || step == "." || step == "..") bad("leads out of the package");
  }
}

void add_file(folder& f, std::string path, std::string content, std::size_t& bytes) {
  require_path(path);
  require(content.size() <= file_bytes_max, fault_kind::too_large, path + ": a file has at most " + std::to_string(file_bytes_max >> 20) + " MiB");
  bytes += content.size();
  require(bytes <= package_bytes_max, fault_kind::too_large, "a package has at most " + std::to_string(package_bytes_max >> 20) + " MiB");
  require(f.files.size() < files_max, fault_kind::too_large, "a package has at most " + std::to_string(files_max) + " files");
  auto const [it, is_new] = f.files.emplace(std::move(path), std::move(content));
  require(is_new, fault_kind::invalid, it->first + ": this file is there twice");
}

folder read_folder(std::string const& directory) {
  namespace fs = std::filesystem;
  auto f = folder();
  auto bytes = std::size_t(0);
  auto error = std::error_code();
  require(fs::is_directory(fs::symlink_status(directory, error)), fault_kind::invalid, directory + ": there is no such folder");
  for (auto it = fs::recursive_directory_iterator(directory, error); !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    auto const path = fs::relative(it->path(), directory).generic_string();
    if (it->path().filename().string().starts_with('.')) {  // of editors and version control
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    require(!it->is_symlink(), fault_kind::invalid, path + ": a package has no symbolic links");
    if (it->is_directory()) continue;
    require(it->is_regular_file(), fault_kind::invalid, path + ": this is no file");
    require(it->file_size() <= file_bytes_max, fault_kind::too_large, path + ": a file has at most " + std::to_string(file_bytes_max >> 20) + " MiB");
    auto in = std::ifstream(it->path(), std::ios::binary);
    require(bool(in), fault_kind::invalid, path + ": cannot be read");
    add_file(f, path, std::string(std::istreambuf_iterator<char>(in), {}), bytes);
  }
  require(!error, fault_kind::invalid, directory + ": " + error.message());
  return f;
}

json::value to_json(folder const& f) {
  auto files = json::object();
  for (auto const& [path, content] : f.files) {
    auto const is_text = text::is_utf8(content) && content.find('\0') == content.npos;
    files.push(path, is_text ? json::value(content) : json::value(json::object{{"base64", text::to_base64(content)}}));
  }
  return files;
}

folder folder_from(json::value const& files) {
  auto f = folder();
  for (auto const& m : files.as_object()) {
    if (m.value.is_string()) f.files.emplace(m.key, m.value.as_string());
    else f.files.emplace(m.key, text::from_base64(m.value.text_or("base64", "")).value_or(""));
  }
  return f;
}

}  // namespace dos::package
