mod load;
mod others;
mod print;
mod unload;
