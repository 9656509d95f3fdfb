#include "capability/demo/demo.h"

#include "base/fault.h"
#include "capability/demo/player.h"
#include "contract/contract.h"
#include "http/response.h"

namespace dos::demo {

offer offer_demo(node const& n) {
  auto const p = std::make_shared<player>(n);
  auto o = offer();
  o.name = "demo";
  o.city_routes = {{"DELETE", "/platform/v1/demo", need::admin,
                    [p](session s, http::request, http::reply answer) {
                      auto const removed = p->remove(s);
                      answer(http::json(200, json::to_string(json::object{{"removedObjects", removed}})));
                    },
                    thread_use::slow}};
  if (n.demo) {
    o.start = [p] { p->prepare(); };
    o.jobs = {{"demo", std::chrono::seconds(1), [p] { p->step(); }}};
  }
  return o;
}

}  // namespace dos::demo
