import { type Caller, systemPrincipal } from "../principal.ts";

/** The graph as a caller of its own. */
export const graphCaller: Caller = {
	principal: systemPrincipal,
	surface: "system",
	requestId: "graph",
};
