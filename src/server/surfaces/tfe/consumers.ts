/**
 * Which workspaces a workspace names as consumers of its state. The names are kept and returned.
 * They give no rights: who may read a state or its outputs is a matter of roles.
 */
import type { UnitId } from "../../../core/unit/unit-id.ts";
import type { ConsumersChange } from "../../../core/workspace/consumers.ts";
import { cut, list, nothing, pageIn, resourcesIn } from "./document.ts";
import type { Exchange, Route } from "./exchange.ts";
import { unitOf, unitsIn } from "./unit-of.ts";
import { workspaceView } from "./workspace-view.ts";

async function show(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const { core } = deps;
	const consumers = await core.consumers.list(caller, unitOf(exchange));
	const page = pageIn(context.query);
	const shown = cut(consumers, page).map(async (id) =>
		workspaceView(exchange, await core.workspaces.get(caller, id)),
	);
	return list(await Promise.all(shown), page, consumers.length);
}

function changing(change: (before: readonly UnitId[], given: readonly UnitId[]) => UnitId[]) {
	return async (exchange: Exchange): Promise<Response> => {
		const { caller, deps, request } = exchange;
		const id = unitOf(exchange);
		const given = await unitsIn(exchange, await resourcesIn(request));
		const apply: ConsumersChange = (before) => change(before, given);
		await deps.core.consumers.change(caller, id, apply);
		return nothing();
	};
}

const path = "/workspaces/:workspace/relationships/remote-state-consumers";

export const consumerRoutes: readonly Route[] = [
	{ method: "GET", path, operation: "listStateConsumers", handle: show },
	{
		method: "POST",
		path,
		operation: "addStateConsumers",
		handle: changing((before, given) => [...before, ...given]),
	},
	{
		method: "PATCH",
		path,
		operation: "replaceStateConsumers",
		handle: changing((_, given) => [...given]),
	},
	{
		method: "DELETE",
		path,
		operation: "removeStateConsumers",
		handle: changing((before, given) => before.filter((id) => !given.includes(id))),
	},
];
