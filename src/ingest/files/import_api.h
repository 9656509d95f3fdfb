// Mappings and imports over HTTP: /platform/v1/mappings, /platform/v1/imports.
#pragma once

#include <atomic>
#include <memory>

#include "contract/city_names.h"
#include "contract/contract.h"
#include "ingest/files/mappings.h"

namespace dos::files {

// What the endpoints need; lives as long as the module.
struct workshop {
  explicit workshop(node const& n) : n(n), known(n), names(n) {}

  node const& n;
  mappings known;
  city_names names;
  mutable std::atomic<int> imports_running{0};
};
inline constexpr int imports_at_once_max = 2;  // of the threads that answer slow requests, others need some

struct list_mappings {
  void operator()(session s, http::request r, http::reply answer) const;
  std::shared_ptr<workshop const> shop;
};
struct get_mapping {
  void operator()(session s, http::request r, http::reply answer) const;
  std::shared_ptr<workshop const> shop;
};
// Body: the declaration, as JSON or (application/yaml, text/yaml) YAML.
struct put_mapping {
  void operator()(session s, http::request r, http::reply answer) const;
};
struct delete_mapping {
  void operator()(session s, http::request r, http::reply answer) const;
};

// POST ?mapping=NAME[&preview=true][&file=NAME][&param.X=…]; the body is the file.
struct post_import {
  void operator()(session s, http::request r, http::reply answer) const;
  std::shared_ptr<workshop const> shop;
};
struct list_imports {
  void operator()(session s, http::request r, http::reply answer) const;
};
struct get_import {
  void operator()(session s, http::request r, http::reply answer) const;
};

}  // namespace dos::files
