// Packages of a city over HTTP, and the jobs that change them.
#pragma once

#include "package/changes.h"

namespace dos::package {

struct desk {
  node const& n;
  library const& installed;
  std::vector<std::shared_ptr<city_packages>> cities;
  dos::package::changes changes;

  city_packages const& of(city const& c) const;
};
using desk_ptr = std::shared_ptr<desk>;

struct list_packages {  // GET /packages → {items, total}: what the city has, and what comes with the program
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with_;
};
struct get_package {  // GET /packages/{id}, with its files; ?format=zip: as one file for another city
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with_;
};
// PUT /packages/{id}: a ZIP or tar with the package; or {values?, take: installed?, state: on|off?, modules?}, or nothing → 202
// with the job. 400 with `problems` for a package that is not in order: the running one stays.
struct put_package {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with_;
};
struct delete_package {  // DELETE /packages/{id} → 202: off. Entities, guards and rights stay; timers wait
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with_;
};
struct list_jobs {  // GET /jobs → {items, total}, newest first
  void operator()(session s, http::request r, http::reply answer) const;
};
struct get_job {  // GET /jobs/{id}
  void operator()(session s, http::request r, http::reply answer) const;
};
// GET /contexts/{digest}: a context as it was served under that name; it never changes.
struct get_package_context {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with_;
};

}  // namespace dos::package
