/** The commands of `taco project`. */
import { commandMap } from "../../command.ts";

export const projectCommands = commandMap({
	ls: {
		summary: "List projects",
		aliases: ["list"],
		load: () => import("./ls.ts").then((module) => module.default),
	},
	create: {
		summary: "Make a project",
		load: () => import("./create.ts").then((module) => module.default),
	},
	update: {
		summary: "Change a project's name or description",
		load: () => import("./update.ts").then((module) => module.default),
	},
	rm: {
		summary: "Delete a project without units",
		aliases: ["delete", "remove"],
		load: () => import("./rm.ts").then((module) => module.default),
	},
});
