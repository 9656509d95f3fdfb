#include "capability/portal/static_files.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "base/id.h"
#include "base/text.h"
#include "http/problem.h"
#include "kernel/session/city.h"

namespace dos::portal {
namespace {

namespace fs = std::filesystem;

constexpr auto media_types = std::array<std::pair<std::string_view, std::string_view>, 16>{{
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".geojson", "application/geo+json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
    {".wasm", "application/wasm"},
}};

std::string_view media_type(std::string_view path) {
  for (auto const& [ending, type] : media_types) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

std::string read_file(fs::path const& file) {
  auto in = std::ifstream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Files below one folder, read once: a released web build does not change under a running program.
class folder {
 public:
  explicit folder(fs::path root) : root_(std::move(root)) {}

  struct file {
    std::string bytes;
    std::string tag;
  };
  std::shared_ptr<file const> find(std::string const& path) const {
    {
      auto const lock = std::shared_lock(mutex_);
      if (auto const it = files_.find(path); it != files_.end()) return it->second;
    }
    auto error = std::error_code();
    auto const place = root_ / path;
    if (!fs::is_regular_file(place, error)) return nullptr;
    auto bytes = read_file(place);
    auto tag = '"' + text::to_hex(sha256(bytes)).substr(0, 16) + '"';
    auto found = std::make_shared<file const>(file{std::move(bytes), std::move(tag)});
    auto const lock = std::unique_lock(mutex_);
    return files_.emplace(path, std::move(found)).first->second;
  }

 private:
  fs::path root_;
  mutable std::shared_mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<file const>> files_;
};

http::response serve(folder const& files, std::string path, http::request const& r) {
  auto found = files.find(path);
  if (!found) throw fault(fault_kind::not_found, "there is no page " + r.path);
  auto answer = http::response();
  answer.headers.set("Content-Type", std::string(media_type(path)));
  answer.headers.set("Vary", "Accept-Encoding");
  answer.headers.set("Cache-Control", path.find("_app/immutable/") != path.npos ? "public, max-age=31536000, immutable" : "no-cache");
  answer.headers.set("Referrer-Policy", "same-origin");
  answer.headers.set("X-Frame-Options", "SAMEORIGIN");
  auto const accepted = r.headers.text_or("Accept-Encoding", {});
  for (auto const& [name, ending] : {std::pair{"br", ".br"}, std::pair{"gzip", ".gz"}}) {
    if (accepted.find(name) == accepted.npos) continue;
    if (auto packed = files.find(path + ending)) {
      answer.headers.set("Content-Encoding", name);
      found = std::move(packed);
      break;
    }
  }
  answer.headers.set("ETag", found->tag);
  if (r.headers.text_or("If-None-Match", {}) == found->tag) answer.status = 304;
  else answer.body = found->bytes;
  return answer;
}

// "/a/" and "/a" are a/index.html; what has no page of its own is the app's.
std::string file_for(folder const& files, http::request const& r) {
  auto path = std::string();
  for (auto const& segment : r.segments) path += (path.empty() ? "" : "/") + segment;
  if (!path.empty() && files.find(path)) return path;
  auto const index = path.empty() ? "index.html" : path + "/index.html";
  if (files.find(index)) return index;
  if (files.find(path + ".html")) return path + ".html";
  auto const in_app = !r.segments.empty() && (r.segments[0] == "workplace" || (r.segments.size() > 1 && r.segments[1] == "workplace"));
  return in_app ? "200.html" : path;
}

// The boundaries that the cities brought with them, as one GeoJSON collection.
http::response boundaries(node const& n, folder const& homes) {
  auto features = json::array();
  for (auto const& p : n.profiles) {
    auto const name = fs::path(p.words.text_or("boundary", {})).filename().string();
    auto const file = name.empty() ? nullptr : homes.find(p.id + "/" + name);
    if (!file) continue;
    auto const shape = json::parse(file->bytes);
    auto const* const given = p.words.find("name");
    auto const called = given->is_string() ? given->as_string() : given->text_or("de", p.id);
    auto const add = [&](json::value const& geometry) {
      features.push_back(json::object({{"type", "Feature"},
                                       {"properties", json::object({{"name", called}, {"role", "city"}})},
                                       {"geometry", geometry}}));
    };
    if (auto const* const list = shape.find("features"); list && list->is_array()) {
      for (auto const& f : list->as_array()) {
        if (auto const* const geometry = f.find("geometry")) add(*geometry);
      }
    } else if (auto const* const geometry = shape.find("geometry")) {
      add(*geometry);
    } else {
      add(shape);
    }
  }
  auto const all = json::object({{"type", "FeatureCollection"}, {"features", std::move(features)}});
  return http::with_body(200, "application/geo+json", json::to_string(all));
}

}  // namespace

void offer_static_files(node const& n, offer& o) {
  auto const pages = std::make_shared<folder>(fs::path(n.resources_directory) / "web" / "build");
  auto const maps = std::make_shared<folder>(fs::path(n.resources_directory) / "demo" / "map");
  auto const homes = std::make_shared<folder>(fs::path(n.data_directory) / "cities");
  auto const page = [pages, &n](http::request r, http::reply answer) {
    auto const path = file_for(*pages, r);
    if (pages->find(path)) return answer(serve(*pages, path, r));
    // "/dortmund" as people type it.
    if (r.segments.size() == 1 && n.find_city(r.segments[0])) {
      auto there = http::response();
      there.status = 302;
      there.headers.set("Location", "/?city=" + r.segments[0]);
      return answer(std::move(there));
    }
    // A person gets the page that says so, a program a problem.
    auto const accept = r.headers.text_or("Accept", {});
    if (accept.find("text/html") == accept.npos || !pages->find("404.html")) {
      throw fault(fault_kind::not_found, "there is nothing at " + r.path);
    }
    auto missing = serve(*pages, "404.html", r);
    missing.status = 404;
    answer(std::move(missing));
  };
  o.node_routes.push_back({"GET", "/", page, thread_use::quick});
  o.node_routes.push_back({"GET", "/{rest...}", page, thread_use::quick});
  o.node_routes.push_back({"GET", "/demo-map/{file}",
                           [&n, maps, homes](http::request r, http::reply answer) {
                             auto const file = std::string(r.param("file"));
                             if (n.demo) return answer(serve(*maps, file, r));
                             if (file == "boundaries.geojson") return answer(boundaries(n, *homes));
                             require(file == "stops.geojson" || file == "lines.geojson", fault_kind::not_found, "there is no map layer " + file);
                             answer(http::json(200, R"({"type":"FeatureCollection","features":[]})"));
                           },
                           thread_use::quick});
  o.city_routes.push_back({.method = "GET",
                           .pattern = "/platform/v1/logo",
                           .handle =
                               [&n, homes](session s, http::request r, http::reply answer) {
                                 for (auto const& p : n.profiles) {
                                   auto const logo = fs::path(p.words.text_or("logo", {})).filename().string();
                                   if (p.id == s.city().id() && !logo.empty()) return answer(serve(*homes, p.id + "/" + logo, r));
                                 }
                                 throw fault(fault_kind::not_found, "this city has no logo");
                               },
                           .use = thread_use::quick});
}

}  // namespace dos::portal
