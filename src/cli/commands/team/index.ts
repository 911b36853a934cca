/** The commands of `taco team`. */
import { commandMap } from "../../command.ts";

const memberCommands = commandMap({
	add: {
		summary: "Add a person or a machine to a team",
		load: () => import("./member-add.ts").then((module) => module.default),
	},
	rm: {
		summary: "Take somebody out of a team",
		aliases: ["delete", "remove"],
		load: () => import("./member-rm.ts").then((module) => module.default),
	},
	ls: {
		summary: "List who is in a team",
		aliases: ["list"],
		load: () => import("./member-ls.ts").then((module) => module.default),
	},
});

const accessCommands = commandMap({
	grant: {
		summary: "Let a team into a unit or a project, or change what it may do there",
		load: () => import("./access-grant.ts").then((module) => module.default),
	},
	revoke: {
		summary: "Take a team's access to a unit or a project away",
		load: () => import("./access-revoke.ts").then((module) => module.default),
	},
	ls: {
		summary: "Show which team may do what where",
		aliases: ["list"],
		load: () => import("./access-ls.ts").then((module) => module.default),
	},
});

export const teamCommands = commandMap({
	ls: {
		summary: "List teams",
		aliases: ["list"],
		load: () => import("./ls.ts").then((module) => module.default),
	},
	create: {
		summary: "Make a team",
		load: () => import("./create.ts").then((module) => module.default),
	},
	info: {
		summary: "Show a team, who is in it and what it may do",
		aliases: ["show", "describe"],
		load: () => import("./info.ts").then((module) => module.default),
	},
	update: {
		summary: "Change a team",
		load: () => import("./update.ts").then((module) => module.default),
	},
	rm: {
		summary: "Delete a team, with its accesses and tokens",
		aliases: ["delete", "remove"],
		load: () => import("./rm.ts").then((module) => module.default),
	},
	member: {
		summary: "Who is in a team",
		aliases: ["members"],
		children: memberCommands,
	},
	access: {
		summary: "What teams may do in units and projects",
		children: accessCommands,
	},
});
