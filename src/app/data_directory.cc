#include "app/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "app/configuration.h"
#include "base/file.h"
#include "base/id.h"
#include "base/text.h"

namespace dos::app {
namespace {

namespace fs = std::filesystem;

constexpr int data_format = 1;

}  // namespace

data_directory::data_directory(std::string path, std::string keys) : path_(std::move(path)), keys_(std::move(keys)) {
  if (keys_.empty()) {
    auto beside = fs::absolute(path_).lexically_normal();
    if (!beside.has_filename()) beside = beside.parent_path();
    keys_ = beside.string() + ".keys";
  }
  auto const from_data = fs::weakly_canonical(fs::absolute(keys_)).lexically_relative(fs::weakly_canonical(fs::absolute(path_)));
  require(!from_data.empty() && *from_data.begin() == "..", fault_kind::invalid, "the folder of keys " + keys_ + " must not lie in the data directory", "keys");
  auto error = std::error_code();
  // Logs and state hold what is not public, and receivers' secrets: at first for the owner alone.
  if (fs::create_directories(path_ + "/cities", error)) ::chmod((path_ + "/cities").c_str(), 0700);
  if (!error) fs::create_directories(path_ + "/keys", error);
  require(!error, fault_kind::unavailable, "cannot create the data directory " + path_ + ": " + error.message());
  ::chmod((path_ + "/keys").c_str(), 0700);
  auto const format = fs::path(path_) / "format";
  if (!fs::exists(format)) write_file(format, std::to_string(data_format) + "\n", 0644);
  auto const found = text::to_int(text::trim(read_file(format)));
  require(found && *found <= data_format, fault_kind::not_supported,
          path_ + " was written by a newer version of this program (format " + std::string(text::trim(read_file(format))) +
              ", this one knows " + std::to_string(data_format) + ")");
}

data_directory::~data_directory() {
  if (lock_ >= 0) ::close(lock_);
}

void data_directory::lock() {
  lock_ = ::open((path_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  require(lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) == 0, fault_kind::conflict,
          "another program is serving " + path_ + "; stop it first (./dos stop)");
}

std::string data_directory::city_path(std::string_view id) const { return path_ + "/cities/" + std::string(id); }

std::vector<city_profile> data_directory::cities() const {
  auto found = std::vector<city_profile>();
  for (auto const& entry : fs::directory_iterator(path_ + "/cities")) {
    auto const file = entry.path() / "city.yaml";
    if (fs::exists(file)) found.push_back(read_city(file.string()));
  }
  std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) { return a.id < b.id; });
  return found;
}

void data_directory::add_city(std::string const& file) {
  auto const profile = read_city(file);
  fs::create_directories(city_path(profile.id));
  auto const home = fs::path(city_path(profile.id));
  // What the file names lies beside it and comes along, so that the city's folder is complete in itself.
  for (auto const* const key : {"boundary", "logo"}) {
    auto const name = profile.words.text_or(key, {});
    if (name.empty()) continue;
    auto const beside = fs::path(file).parent_path() / name;
    require(fs::exists(beside), fault_kind::invalid, file + ": there is no file " + beside.string(), key);
    if (!fs::equivalent(beside.parent_path().empty() ? "." : beside.parent_path(), home)) {
      write_file(home / fs::path(name).filename(), read_file(beside), 0644);
    }
  }
  write_file(home / "city.yaml", read_file(file), 0644);
}

std::shared_ptr<vault> data_directory::open_vault() const {
  auto const mark = fs::path(path_) / "vault";
  auto const belongs_to = std::string(text::trim(read_file(mark)));
  require(belongs_to.empty() || fs::exists(fs::path(keys_) / "node.key"), fault_kind::conflict,
          "the keys of " + path_ + " are missing: put the copy of them that you have into " + keys_ + ", or say where they are with --keys");
  auto keys = std::make_shared<vault>(keys_);
  require(belongs_to.empty() || belongs_to == keys->id(), fault_kind::conflict, "the keys in " + keys_ + " are not those of " + path_);
  write_file(mark, keys->id() + '\n', 0644);
  return keys;
}

std::string data_directory::token_key() const {
  auto const file = fs::path(keys_) / "token.key";
  auto const once = fs::path(path_) / "keys" / "token.key";  // older programs kept it with the data
  if (!fs::exists(file)) {
    if (fs::create_directories(keys_)) ::chmod(keys_.c_str(), 0700);
    write_file(file, fs::exists(once) ? read_file(once) : new_secret(), 0600);
  }
  fs::remove(once);
  return read_file(file);
}

void data_directory::replace_token_key(timestamp now) const {
  auto const keys = fs::path(path_) / "keys";
  write_file(keys / "rotated_at", to_string(now), 0600);
  token_key();
  write_file(fs::path(keys_) / "token.key", new_secret(), 0600);
  auto error = std::error_code();
  for (auto const* const gone : {"issued", "first_code", "administrator"}) fs::remove_all(keys / gone, error);
}

timestamp data_directory::rotated_at() const {
  return parse_timestamp(text::trim(read_file(fs::path(path_) / "keys" / "rotated_at"))).value_or(timestamp_min);
}

void data_directory::note_issued(token const& t) const {
  auto const folder = fs::path(path_) / "keys" / "issued";
  fs::create_directories(folder);
  auto const entry = json::object({{"id", t.id},
                                   {"city", t.city},
                                   {"role", to_text(t.role)},
                                   {"name", t.name},
                                   {"issuedAt", t.issued_at.us},
                                   {"expiresAt", t.expires_at.us}});
  write_file(folder / t.id, json::to_string(entry) + '\n', 0600);
}

std::vector<token> data_directory::issued_tokens() const {
  auto found = std::vector<token>();
  auto error = std::error_code();
  for (auto const& file : fs::directory_iterator(fs::path(path_) / "keys" / "issued", error)) {
    if (file.path().extension() == ".new") continue;
    auto const entry = json::parse(read_file(file.path()));
    auto t = token{.id = std::string(entry.text_or("id", {})),
                   .city = std::string(entry.text_or("city", {})),
                   .role = parse_role(entry.text_or("role", {})),
                   .name = std::string(entry.text_or("name", {})),
                   .issued_at = {entry.find("issuedAt")->as_int()},
                   .expires_at = {entry.find("expiresAt")->as_int()}};
    if (system_clock().now() < t.expires_at) found.push_back(std::move(t));
    else fs::remove(file, error);
  }
  return found;
}

void data_directory::forget_issued(std::string_view id) const {
  for (auto const& t : issued_tokens()) {
    auto error = std::error_code();
    if (t.id == id) fs::remove(fs::path(path_) / "keys" / "issued" / t.id, error);
  }
}

bool data_directory::has_administrator() const { return fs::exists(fs::path(path_) / "keys" / "administrator"); }

std::string data_directory::make_first_code() const {
  auto code = new_secret();
  write_file(fs::path(path_) / "keys" / "first_code", text::to_hex(sha256(code)), 0600);
  return code;
}

bool data_directory::use_first_code(std::string_view code) const {
  auto const file = fs::path(path_) / "keys" / "first_code";
  auto error = std::error_code();
  if (!fs::exists(file) || !text::equal_in_constant_time(read_file(file), text::to_hex(sha256(code)))) return false;
  write_file(fs::path(path_) / "keys" / "administrator", "1\n", 0600);
  return fs::remove(file, error);
}

}  // namespace dos::app
