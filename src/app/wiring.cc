#include "app/wiring.h"

#include "capability/applications/applications.h"
#include "capability/demo/demo.h"
#include "capability/devices/devices.h"
#include "capability/people/people.h"
#include "capability/portal/portal.h"
#include "capability/rights/rights.h"
#include "ingest/files/files.h"
#include "ingest/lorawan/lorawan.h"
#include "package/packages.h"
#include "standard/mqtt/mqtt.h"
#include "standard/ngsi_ld/ngsi_ld.h"
#include "standard/sensorthings/sensorthings.h"

namespace dos::app {

std::vector<offer> offers(node& n) {
  auto all = std::vector<offer>();
  all.push_back(package::offer_packages(n));  // the first: guards hold before anybody writes
  all.push_back(ngsi_ld::offer_ngsi_ld(n));
  all.push_back(sensorthings::offer_sensorthings(n));
  all.push_back(lorawan::offer_lorawan(n));
  all.push_back(files::offer_files(n));
  all.push_back(devices::offer_devices(n));
  all.push_back(portal::offer_portal(n));
  all.push_back(people::offer_people(n));
  all.push_back(rights::offer_rights(n));
  all.push_back(demo::offer_demo(n));
  all.push_back(applications::offer_applications(n));
  all.push_back(broker::offer_mqtt(n, all));  // the last: it serves the topics of those before
  return all;
}

}  // namespace dos::app
