//! A real container engine and a real registry, both on this machine: `FORGE_DOCKER` is the engine's socket, `FORGE_REGISTRY` where
//! the registry listens; `tests/docker.sh` starts both, and `tests/run` lets it. Without them nothing of this is tested, and that is
//! an error where `FORGE_STRICT` is set.

mod door;
mod drift;
mod lab;
mod life;
mod rig;
mod trouble;
