import fc from "fast-check";

// Random laws are tried on the same cases every time, so that a red run is somebody's doing. SEED=n tries others.
fc.configureGlobal({ seed: Number(process.env.SEED ?? 1) });

// The compiler checks its own work after every pass.
process.env.GRADTAPE_VERIFY = "1";
