/** The commands of `taco audit`. */
import { commandMap } from "../../command.ts";

export const auditCommands = commandMap({
	ls: {
		summary: "Show what happened and what was refused",
		aliases: ["list"],
		load: () => import("./ls.ts").then((module) => module.default),
	},
	verify: {
		summary: "Check that nothing was cut or changed",
		load: () => import("./verify.ts").then((module) => module.default),
	},
	export: {
		summary: "Write the whole trail as lines of JSON",
		load: () => import("./export.ts").then((module) => module.default),
	},
});
