mod boot;
mod identity;
mod long;
mod outside;
mod rivals;
mod run;
mod start;
