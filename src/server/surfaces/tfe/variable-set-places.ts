/** Where variable sets apply, as it may stand beside them in one answer: as far as the caller sees it. */
import type { VariableSet } from "../../../core/variable/set.ts";
import type { Resource } from "./document.ts";
import type { Exchange } from "./exchange.ts";
import { projectView } from "./projects.ts";
import { uncountedView } from "./workspace-view.ts";

/** The workspaces, answered from the index of units: there may be hundreds of them. */
async function workspacesOf(exchange: Exchange, sets: readonly VariableSet[]): Promise<Resource[]> {
	const { caller, deps } = exchange;
	const units = new Set(sets.flatMap((set) => set.units));
	if (units.size === 0) return [];
	const { workspaces } = await deps.core.workspaces.list(caller, {
		...{ wants: ({ id }) => units.has(id), order: "name", isDescending: false },
		...{ pageNumber: 1, pageSize: units.size },
	});
	return await Promise.all(workspaces.map((one) => uncountedView(exchange, one)));
}

async function projectsOf(exchange: Exchange, sets: readonly VariableSet[]): Promise<Resource[]> {
	const { caller, deps } = exchange;
	const ids = new Set(sets.flatMap((set) => set.projects));
	if (ids.size === 0) return [];
	const { projects } = deps.core;
	const found = (await projects.listFor(caller)).filter(({ id }) => ids.has(id));
	return await Promise.all(
		found.map(async (one) => projectView(exchange, one, await projects.rights(caller, one.id))),
	);
}

/** The wanted ones of `workspaces` and `projects`, each once. */
export async function placesOf(
	exchange: Exchange,
	sets: readonly VariableSet[],
	wanted: ReadonlySet<string>,
): Promise<Resource[]> {
	return [
		...(wanted.has("workspaces") ? await workspacesOf(exchange, sets) : []),
		...(wanted.has("projects") ? await projectsOf(exchange, sets) : []),
	];
}
