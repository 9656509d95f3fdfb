#include "ingest/files/files.h"

#include "ingest/files/import_api.h"
#include "ingest/files/pulls.h"

namespace dos::files {

offer offer_files(node const& n) {
  using namespace std::chrono_literals;
  auto const shop = std::make_shared<workshop const>(n);
  auto const fetching = std::make_shared<pulls>(shop);
  auto const slow = thread_use::slow;
  auto o = offer();
  o.name = "files";
  o.city_routes = {
      {"GET", "/platform/v1/mappings", need::reader, list_mappings{shop}, slow},
      {"GET", "/platform/v1/mappings/{name}", need::reader, get_mapping{shop}, slow},
      {"PUT", "/platform/v1/mappings/{name}", need::editor, put_mapping{}, slow},
      {"DELETE", "/platform/v1/mappings/{name}", need::editor, delete_mapping{}, slow},
      {"POST", "/platform/v1/imports", need::editor, post_import{shop}, slow, false, largest_body},
      {"GET", "/platform/v1/imports", need::reader, list_imports{}, slow},
      {"GET", "/platform/v1/imports/{id}", need::reader, get_import{}, slow},
  };
  o.jobs = {{.name = "http pull", .every = 1s, .run = [fetching] { fetching->look_after(); }}};
  return o;
}

}  // namespace dos::files
