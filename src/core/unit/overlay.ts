/**
 * Overlays: the current version of the system unit shown with live values. Pure. An overlay changes
 * nothing of what was written: the history keeps that, and the next write takes the overlay away.
 */
import { limits } from "../limits.ts";
import { overlayOf, type Presentation, type UnitState, type Version } from "./record.ts";

/** With this overlay in place of the one before; null for none. */
export function withOverlay(state: UnitState, overlay: Version | null): UnitState {
	return { ...withoutOverlay(state), overlay };
}

/** Without an overlay, whose content is remembered as ours. */
export function withoutOverlay(state: UnitState): UnitState {
	const { overlay } = state;
	if (overlay === undefined || overlay === null) return state;
	const { number, sha256, md5 } = overlay;
	const presented = [...(state.presented ?? []), { number, sha256, md5 }];
	return { ...state, overlay: null, presented: presented.slice(-limits.presentationsKept) };
}

/** What the version was shown as beside what was written: the overlay first, then earlier ones. */
export function presentationsOf(state: UnitState, number: number): readonly Presentation[] {
	const overlay = overlayOf(state);
	const earlier = (state.presented ?? []).filter((one) => one.number === number);
	return overlay?.number === number ? [overlay, ...earlier] : earlier;
}

/** Whether some version was ever shown with this content, as far as it is remembered. */
export function isPresentation(state: UnitState, sha256: string): boolean {
	return (
		state.overlay?.sha256 === sha256 || (state.presented ?? []).some((one) => one.sha256 === sha256)
	);
}
