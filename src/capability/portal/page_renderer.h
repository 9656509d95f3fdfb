// The public pages as HTML that says what it has to say without a script: the components of web/ that also run in the
// browser, rendered by the program's own JavaScript engine with what a citizen may see.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "contract/contract.h"
#include "engine/script/engine.h"

namespace dos::portal {

class page_renderer {
 public:
  // `bundle`: the script that `npm run build` makes of web/src/server (web/build_server/pages.js). Empty: nothing is rendered.
  page_renderer(node const& n, std::string_view bundle);

  // A page that was made and is still true: the imprint until the program ends, values for ten seconds and not beyond a
  // change of what is open. Any thread, quick.
  std::shared_ptr<std::string const> find(std::string const& path) const;
  // Makes it out of its built file: `path` as in the address, "/en/impressum/". Nothing where the page is not one of those
  // that are rendered, or could not be. Takes tens of milliseconds.
  std::shared_ptr<std::string const> render(std::string const& path, std::string_view shell);
  bool is_rendered(std::string const& path) const;

 private:
  struct page {
    std::shared_ptr<std::string const> html;
    timestamp made;
    std::string open_types;
  };
  struct rendered {
    std::string title, body;
  };

  json::object facts(bool with_values);
  json::value snapshot(session const& citizen);
  std::string open_types() const;

  node const& node_;
  mutable std::mutex mutex_;  // of what was made
  std::map<std::string, page> pages_;
  std::mutex engine_mutex_;
  std::unique_ptr<script::engine> engine_;
  script::engine::value answer_ = 0;
};

}  // namespace dos::portal
