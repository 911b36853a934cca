/** Every command of the program. Each is loaded when it is called, so that the others cost nothing. */
import { commandMap } from "./command.ts";
import { auditCommands } from "./commands/audit/index.ts";
import { projectCommands } from "./commands/project/index.ts";
import { rbacCommands } from "./commands/rbac/index.ts";
import { teamCommands } from "./commands/team/index.ts";

export const programSummary =
	"OpenTaco: a state server for Terraform and OpenTofu, and the command line to it.";

const unitCommands = commandMap({
	create: {
		summary: "Register a new unit, without a state",
		load: () => import("./commands/unit/create.ts").then((module) => module.default),
	},
	ls: {
		summary: "List units",
		aliases: ["list"],
		load: () => import("./commands/unit/ls.ts").then((module) => module.default),
	},
	info: {
		summary: "Show what is known about a unit",
		aliases: ["show", "describe"],
		load: () => import("./commands/unit/info.ts").then((module) => module.default),
	},
	settings: {
		summary: "Show or change a unit's settings as a workspace",
		load: () => import("./commands/unit/settings.ts").then((module) => module.default),
	},
	rm: {
		summary: "Delete a unit; it can be brought back with undelete",
		aliases: ["delete", "remove"],
		load: () => import("./commands/unit/rm.ts").then((module) => module.default),
	},
	undelete: {
		summary: "Bring a deleted unit back",
		load: () => import("./commands/unit/undelete.ts").then((module) => module.default),
	},
	pull: {
		summary: "Download a unit's state",
		load: () => import("./commands/unit/pull.ts").then((module) => module.default),
	},
	output: {
		summary: "Show a unit's outputs",
		aliases: ["outputs"],
		load: () => import("./commands/unit/output.ts").then((module) => module.default),
	},
	push: {
		summary: "Upload a state",
		load: () => import("./commands/unit/push.ts").then((module) => module.default),
	},
	lock: {
		summary: "Lock a unit",
		load: () => import("./commands/unit/lock.ts").then((module) => module.default),
	},
	unlock: {
		summary: "Release a lock",
		load: () => import("./commands/unit/unlock.ts").then((module) => module.default),
	},
	"force-unlock": {
		summary: "Break a lock, whoever holds it",
		load: () => import("./commands/unit/force-unlock.ts").then((module) => module.default),
	},
	acquire: {
		summary: "Lock a unit and download its state",
		load: () => import("./commands/unit/acquire.ts").then((module) => module.default),
	},
	release: {
		summary: "Upload a state and release the lock",
		load: () => import("./commands/unit/release.ts").then((module) => module.default),
	},
	versions: {
		summary: "List a unit's versions, or download one",
		load: () => import("./commands/unit/versions.ts").then((module) => module.default),
	},
	restore: {
		summary: "Make an earlier version the current state again",
		load: () => import("./commands/unit/restore.ts").then((module) => module.default),
	},
	status: {
		summary: "Tell which units need to be applied again, and why",
		load: () => import("./commands/unit/status.ts").then((module) => module.default),
	},
	ack: {
		summary: "Say that a unit needs no apply for what has changed upstream",
		load: () => import("./commands/unit/ack.ts").then((module) => module.default),
	},
	who: {
		summary: "List the locks that are held, and by whom",
		load: () => import("./commands/unit/who.ts").then((module) => module.default),
	},
});

const variableCommands = commandMap({
	ls: {
		summary: "List a unit's variables",
		aliases: ["list"],
		load: () => import("./commands/variable/ls.ts").then((module) => module.default),
	},
	set: {
		summary: "Make or change a variable of a unit",
		load: () => import("./commands/variable/set.ts").then((module) => module.default),
	},
	rm: {
		summary: "Delete a variable of a unit",
		aliases: ["delete", "remove"],
		load: () => import("./commands/variable/rm.ts").then((module) => module.default),
	},
	reseal: {
		summary: "Seal all sensitive values with the server's present key",
		load: () => import("./commands/variable/reseal.ts").then((module) => module.default),
	},
	export: {
		summary: "Print a unit's variables for a shell",
		load: () => import("./commands/variable/export.ts").then((module) => module.default),
	},
});

const graphCommands = commandMap({
	show: {
		summary: "Show who depends on whose outputs: a tree, DOT or SVG",
		load: () => import("./commands/graph/show.ts").then((module) => module.default),
	},
	order: {
		summary: "List units in the order in which to apply them",
		load: () => import("./commands/graph/order.ts").then((module) => module.default),
	},
});

const variableSetCommands = commandMap({
	ls: {
		summary: "List variable sets",
		aliases: ["list"],
		load: () => import("./commands/variable-set/ls.ts").then((module) => module.default),
	},
	create: {
		summary: "Make a variable set",
		load: () => import("./commands/variable-set/create.ts").then((module) => module.default),
	},
	apply: {
		summary: "Let a set apply to more units or projects",
		load: () => import("./commands/variable-set/apply.ts").then((module) => module.default),
	},
	withdraw: {
		summary: "Let a set apply to fewer units or projects",
		load: () => import("./commands/variable-set/withdraw.ts").then((module) => module.default),
	},
	rm: {
		summary: "Delete a variable set with its variables",
		aliases: ["delete", "remove"],
		load: () => import("./commands/variable-set/rm.ts").then((module) => module.default),
	},
	vars: {
		summary: "List a set's variables",
		load: () => import("./commands/variable-set/vars.ts").then((module) => module.default),
	},
	put: {
		summary: "Make or change a variable of a set",
		load: () => import("./commands/variable-set/put.ts").then((module) => module.default),
	},
	unset: {
		summary: "Delete a variable of a set",
		load: () => import("./commands/variable-set/unset.ts").then((module) => module.default),
	},
});

const tokenCommands = commandMap({
	create: {
		summary: "Make an API token, for yourself or for a machine",
		load: () => import("./commands/token/create.ts").then((module) => module.default),
	},
	ls: {
		summary: "List API tokens",
		aliases: ["list"],
		load: () => import("./commands/token/ls.ts").then((module) => module.default),
	},
	renew: {
		summary: "Put off the end of an API token",
		load: () => import("./commands/token/renew.ts").then((module) => module.default),
	},
	revoke: {
		summary: "Revoke an API token for good",
		aliases: ["rm"],
		load: () => import("./commands/token/revoke.ts").then((module) => module.default),
	},
});

const userCommands = commandMap({
	create: {
		summary: "Create a local user",
		load: () => import("./commands/user/create.ts").then((module) => module.default),
	},
	ls: {
		summary: "List local users",
		aliases: ["list"],
		load: () => import("./commands/user/ls.ts").then((module) => module.default),
	},
	rm: {
		summary: "Remove a local user, with everything that speaks for them",
		aliases: ["delete", "remove"],
		load: () => import("./commands/user/rm.ts").then((module) => module.default),
	},
	passwd: {
		summary: "Give a local user a new password",
		load: () => import("./commands/user/passwd.ts").then((module) => module.default),
	},
});

const organizationCommands = commandMap({
	ls: {
		summary: "List organizations",
		aliases: ["list"],
		load: () => import("./commands/org/ls.ts").then((module) => module.default),
	},
	create: {
		summary: "Make an organization",
		load: () => import("./commands/org/create.ts").then((module) => module.default),
	},
	info: {
		summary: "Show what is known about an organization",
		aliases: ["show", "describe"],
		load: () => import("./commands/org/info.ts").then((module) => module.default),
	},
	rm: {
		summary: "Delete an organization without units",
		aliases: ["delete", "remove"],
		load: () => import("./commands/org/rm.ts").then((module) => module.default),
	},
});

const providerCommands = commandMap({
	init: {
		summary: "Scaffold a Terraform configuration that manages this server",
		load: () => import("./commands/provider/init.ts").then((module) => module.default),
	},
	install: {
		summary: "Put the provider where Terraform and OpenTofu find it",
		load: () => import("./commands/provider/install.ts").then((module) => module.default),
	},
});

export const commands = commandMap({
	serve: {
		summary: "Run the server",
		load: () => import("./commands/serve.ts").then((module) => module.default),
	},
	unit: {
		summary: "Work with units: states, locks, versions",
		aliases: ["units"],
		children: unitCommands,
	},
	variable: {
		summary: "Variables of units",
		aliases: ["variables"],
		children: variableCommands,
	},
	"variable-set": {
		summary: "Variables that apply to many units",
		aliases: ["variable-sets"],
		children: variableSetCommands,
	},
	graph: {
		summary: "Show how units depend on each other; alone it is graph show",
		children: graphCommands,
		standard: "show",
	},
	blast: {
		summary: "Show what a change of a unit, or of one of its outputs, reaches",
		load: () => import("./commands/blast.ts").then((module) => module.default),
	},
	project: {
		summary: "Projects: names under which units are grouped",
		aliases: ["projects"],
		children: projectCommands,
	},
	team: {
		summary: "Teams: people, and what they may do together",
		aliases: ["teams"],
		children: teamCommands,
	},
	rbac: {
		summary: "Roles: who may do what",
		children: rbacCommands,
	},
	org: {
		summary: "Organizations, each with its own units and roles",
		aliases: ["orgs"],
		children: organizationCommands,
	},
	audit: {
		summary: "Who did what, and who was not let",
		children: auditCommands,
	},
	login: {
		summary: "Log in to a server",
		load: () => import("./commands/login.ts").then((module) => module.default),
	},
	logout: {
		summary: "End the stored login of a server",
		load: () => import("./commands/logout.ts").then((module) => module.default),
	},
	whoami: {
		summary: "Tell which server and which token are used, and whether it is accepted",
		load: () => import("./commands/whoami.ts").then((module) => module.default),
	},
	token: {
		summary: "Work with API tokens",
		aliases: ["tokens"],
		children: tokenCommands,
	},
	user: {
		summary: "Work with local users, who log in with passwords",
		aliases: ["users"],
		children: userCommands,
	},
	provider: {
		summary: "The Terraform provider that this program is as well",
		children: providerCommands,
	},
	"terraform-credentials": {
		summary: "Give Terraform its tokens, as its credentials helper",
		load: () => import("./commands/terraform-credentials.ts").then((module) => module.default),
	},
	env: {
		summary: "Print the variables that Terraform's http backend needs",
		load: () => import("./commands/env.ts").then((module) => module.default),
	},
	creds: {
		summary: "Print AWS credentials for the S3 endpoint, or set up a profile that does",
		load: () => import("./commands/creds.ts").then((module) => module.default),
	},
	doctor: {
		summary: "Check a bucket or folder, and repair what can be repaired",
		load: () => import("./commands/doctor.ts").then((module) => module.default),
	},
	completion: {
		summary: "Print a completion script for a shell",
		load: () => import("./commands/completion.ts").then((module) => module.default),
	},
	version: {
		summary: "Print the version",
		load: () => import("./commands/version.ts").then((module) => module.default),
	},
	help: {
		summary: "Print the help of a command",
		load: () => import("./commands/help.ts").then((module) => module.default),
	},
});
