// Commands about packages: check, pack, adopt, new-measure.
#pragma once

#include "app/configuration.h"

namespace dos::app {

// Returns how many things are wrong; tells each in a line: "measures/x/models/y.yaml:12: attributes.foo.is: …".
int check_packages(options const& o);
void pack_package(options const& o);
void adopt_package(options const& o);
void make_measure(options const& o);

}  // namespace dos::app
