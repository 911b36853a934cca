/** The commands of `taco rbac`. */
import { commandMap } from "../../command.ts";

const userCommands = commandMap({
	assign: {
		summary: "Give a role to a person, a group or a token",
		load: () => import("./user-assign.ts").then((module) => module.default),
	},
	revoke: {
		summary: "Take a role away",
		load: () => import("./user-revoke.ts").then((module) => module.default),
	},
	list: {
		summary: "Show who has which role",
		aliases: ["ls"],
		load: () => import("./user-list.ts").then((module) => module.default),
	},
});

const roleCommands = commandMap({
	create: {
		summary: "Make a role",
		load: () => import("./role-create.ts").then((module) => module.default),
	},
	list: {
		summary: "Show the roles",
		aliases: ["ls"],
		load: () => import("./role-list.ts").then((module) => module.default),
	},
	update: {
		summary: "Change a role's name or description",
		load: () => import("./role-update.ts").then((module) => module.default),
	},
	delete: {
		summary: "Delete a role that nobody has",
		aliases: ["rm"],
		load: () => import("./role-delete.ts").then((module) => module.default),
	},
	permissions: {
		summary: "Show, add and remove a role's permissions",
		load: () => import("./role-permissions.ts").then((module) => module.default),
	},
	"assign-permission": {
		summary: "Add a permission to a role",
		aliases: ["assign-policy"],
		load: () => import("./role-assign-permission.ts").then((module) => module.default),
	},
	"revoke-permission": {
		summary: "Take a permission out of a role",
		aliases: ["revoke-policy"],
		load: () => import("./role-revoke-permission.ts").then((module) => module.default),
	},
});

const permissionCommands = commandMap({
	create: {
		summary: "Make a permission of rules",
		load: () => import("./permission-create.ts").then((module) => module.default),
	},
	list: {
		summary: "Show the permissions and their rules",
		aliases: ["ls"],
		load: () => import("./permission-list.ts").then((module) => module.default),
	},
	update: {
		summary: "Change a permission's rules, name or description",
		load: () => import("./permission-update.ts").then((module) => module.default),
	},
	delete: {
		summary: "Delete a permission that no role has",
		aliases: ["rm"],
		load: () => import("./permission-delete.ts").then((module) => module.default),
	},
});

export const rbacCommands = commandMap({
	init: {
		summary: "Turn roles on",
		load: () => import("./init.ts").then((module) => module.default),
	},
	me: {
		summary: "Show your own roles",
		load: () => import("./me.ts").then((module) => module.default),
	},
	test: {
		summary: "Tell whether somebody may do something, and why",
		load: () => import("./test.ts").then((module) => module.default),
	},
	user: {
		summary: "Who has which role",
		aliases: ["users"],
		children: userCommands,
	},
	role: {
		summary: "Roles, and the permissions in them",
		aliases: ["roles"],
		children: roleCommands,
		afterName: ["permissions"],
	},
	permission: {
		summary: "Permissions: rules that allow or deny",
		aliases: ["permissions"],
		children: permissionCommands,
	},
});
