#include "contract/contract.h"

#include <filesystem>

#include "http/problem.h"
#include "kernel/city/city.h"

namespace dos {

std::shared_ptr<city> node::find_city(std::string_view id) const {
  for (auto const& c : cities) {
    if (c->id() == id) return c;
  }
  return nullptr;
}

package_files_ptr node::files_of_packages(std::string_view city) const {
  static auto const none = std::make_shared<package_files const>();
  return package_files_of ? package_files_of(city) : none;
}

std::string node::default_context_file(std::string_view city) const {
  auto name = configuration.is_object() ? std::string(configuration.text_or("default_context", "")) : std::string();
  if (name.empty() && demo) name = "dos-context.json";
  for (auto const& p : profiles) {
    if (p.id == city) name = p.words.text_or("default_context", name);
  }
  if (name.empty() || std::filesystem::exists(name)) return name;
  return resources_directory + "/contexts/" + name;
}

// Whoever acts for somebody uses their session instead. What is left are the program's own affairs: its records (revoked tokens,
// snapshots, subscriptions and what they owe, sessions of MQTT, commands on their way, the book of pulls), ends of life that
// entities carry, ObservedProperties that a standard wants, the demonstration; and pulled files, whose mapping an editor wrote.
session node::as_source(std::shared_ptr<city> c, std::string source) const {
  auto city = c->id();
  return session(std::move(c), {.name = source, .role = role::admin, .source = std::move(source), .city = std::move(city)});
}

session node::as_input(std::shared_ptr<city> c, std::string source) const {
  auto city = c->id();
  return session(std::move(c),
                 {.name = source, .role = role::device, .source = std::move(source), .city = std::move(city), .brings = {"*"}});
}

void submit_and_reply(session const& s, session::decide d, http::reply answer,
                      std::function<http::response(outcome const&)> then, http::fault_form form) {
  s.submit(std::move(d), [answer = std::move(answer), then = std::move(then), form = std::move(form)](outcome o) {
    auto const render = [&](fault const& f) { return form ? form(f) : http::problem(f); };
    if (o.refused) return answer(render(*o.refused));
    try {
      answer(then(o));
    } catch (fault const& f) {
      answer(render(f));
    }
  });
}

json::value parse_body(http::request const& r) {
  require(!r.body.empty(), fault_kind::malformed, "the request needs a JSON body, and this one is empty");
  return json::parse(r.body);
}

}  // namespace dos
