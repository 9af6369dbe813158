mod boot;
mod identity;
mod rivals;
mod run;
mod start;
