mod boot;
mod identity;
mod outside;
mod rivals;
mod run;
mod start;
