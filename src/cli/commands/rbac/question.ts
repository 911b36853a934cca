/** What `rbac test` asks about: an action by its name, or a command of `taco`. */
import { usageError } from "../../errors.ts";

export interface Question {
	readonly action: string;
	/** A unit's id, or `*`. */
	readonly resource: string;
}

const unitCommands: Readonly<Record<string, string>> = {
	ls: "unit.read",
	list: "unit.read",
	info: "unit.read",
	show: "unit.read",
	pull: "unit.read",
	versions: "unit.read",
	status: "unit.read",
	output: "unit.read-outputs",
	outputs: "unit.read-outputs",
	"ls-output": "unit.read-outputs",
	create: "unit.write",
	push: "unit.write",
	upload: "unit.write",
	release: "unit.write",
	restore: "unit.write",
	lock: "unit.lock",
	unlock: "unit.lock",
	acquire: "unit.lock",
	"force-unlock": "unit.force-unlock",
	rm: "unit.delete",
	delete: "unit.delete",
	remove: "unit.delete",
	undelete: "unit.delete",
};

const others: Readonly<Record<string, string>> = {
	lock: "unit.lock",
	unlock: "unit.lock",
	assign: "rbac.manage",
	revoke: "rbac.manage",
};

/**
 * `unit.read dev/app`, `unit push dev/app`, `lock dev/app`, `assign`.
 * @throws CliError `usage`.
 */
export function questionOf(words: readonly string[]): Question {
	const [first = "", second, third] = words;
	const isUnit = first === "unit" || first === "units";
	if (isUnit) {
		const action = Object.hasOwn(unitCommands, second ?? "") ? unitCommands[second ?? ""] : null;
		if (action === null || action === undefined) {
			throw usageError(
				"it is not clear which command of taco unit is meant",
				`one of ${Object.keys(unitCommands).join(", ")}`,
			);
		}
		return { action, resource: third ?? "*" };
	}
	if (third !== undefined) throw usageError("there is an argument too many");
	const action = Object.hasOwn(others, first) ? (others[first] ?? first) : first;
	return { action, resource: action === "rbac.manage" ? "*" : (second ?? "*") };
}
