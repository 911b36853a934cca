/** Units by their workspaces: which one a route, a document or a query means, and how it is named. */
import type { UnitId } from "../../../core/unit/unit-id.ts";
import type { GivenResource } from "./document.ts";
import { type Exchange, param } from "./exchange.ts";
import { unitNamed } from "./ids.ts";

/** The unit that the route names, by the workspace's id or by its name. */
export function unitOf(exchange: Exchange): UnitId {
	const id = exchange.unit ?? unitNamed(param(exchange, "name"));
	exchange.context.unitId = id;
	return id;
}

/** The unit behind a workspace's id. Fails as WorkspaceIds.unitOf. */
export async function unitOfId({ deps }: Exchange, id: string): Promise<UnitId> {
	return await deps.core.workspaceIds.unitOf(id);
}

/** The units behind the workspaces that a document names. Fails as WorkspaceIds.unitOf. */
export async function unitsIn(
	exchange: Exchange,
	given: readonly GivenResource[],
): Promise<UnitId[]> {
	return await Promise.all(given.map(({ id }) => unitOfId(exchange, id ?? "")));
}

/** The id of the unit's workspace. */
export function workspaceId({ deps }: Pick<Exchange, "deps">, unit: UnitId): string {
	return deps.core.workspaceIds.idOf(unit);
}
