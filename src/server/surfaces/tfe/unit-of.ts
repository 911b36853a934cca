/** Which unit a route is about. */
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { type Exchange, param } from "./exchange.ts";
import { unitNamed, unitOfWorkspaceId } from "./ids.ts";

/** The unit that the route names, by the workspace's id or by its name. */
export function unitOf(exchange: Exchange): UnitId {
	const { params, context } = exchange;
	const id =
		params.workspace === undefined
			? unitNamed(param(exchange, "name"))
			: unitOfWorkspaceId(params.workspace);
	context.unitId = id;
	return id;
}
