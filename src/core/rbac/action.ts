/** What may be allowed or denied. One list for every surface. */
export const actions = [
	"unit.read",
	"unit.write",
	"unit.lock",
	"unit.force-unlock",
	"unit.force",
	"unit.delete",
	"unit.manage",
	"system.manage",
] as const;

export type Action = (typeof actions)[number];
