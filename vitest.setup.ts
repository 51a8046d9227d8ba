import fc from "fast-check";

// Random laws are tried on the same cases every time, so that a red run is somebody's doing. SEED=n tries others.
fc.configureGlobal({ seed: Number(process.env.SEED ?? 1) });
