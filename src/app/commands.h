// The commands beside `serve`.
#pragma once

#include "app/configuration.h"

namespace dos::app {

void print_token(options const& o);
void rotate_keys(options const& o);
void make_backup(options const& o);
void copy_keys(options const& o);
void restore_keys(options const& o);
// Returns the number of things that want care.
int examine(options const& o);
void remove_demo(options const& o);

}  // namespace dos::app
