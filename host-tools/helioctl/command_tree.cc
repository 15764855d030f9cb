#include "helioctl/command_tree.h"

#include "helioctl/change/change_commands.h"
#include "helioctl/pki/pki_commands.h"
#include "helioctl/show/read_commands.h"

namespace heliostat::helioctl {

void AddCommands(CLI::App& app, Invocation& invocation) {
  AddChangeCommands(app, invocation);
  AddFileCommands(app, invocation);
  AddPkiCommands(app, invocation);
  AddContextCommands(app, invocation);
  AddReadCommands(app, invocation);
  AddCompletionCommands(app, invocation);
}

}  // namespace heliostat::helioctl
