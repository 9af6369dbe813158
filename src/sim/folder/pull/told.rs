use std::{
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Frame};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// An answer: there at once, or told line by line.
pub(in crate::sim::folder) type Body = Either<Full<Bytes>, Told>;

/// Says lines to a client.
#[derive(Clone)]
pub(in crate::sim::folder) struct Said(UnboundedSender<String>);

impl Said {
    pub(in crate::sim::folder) fn line(&self, line: String) {
        // A client that hung up hears no more.
        let _gone = self.0.send(line);
    }

    /// Waits until the client hangs up.
    pub(in crate::sim::folder) async fn gone(&self) {
        self.0.closed().await;
    }
}

/// Lines on their way to a client.
pub(in crate::sim::folder) struct Told(UnboundedReceiver<String>);

/// Lines as they are said.
pub(in crate::sim::folder) fn lines() -> (Said, Told) {
    let (send, receive) = unbounded_channel();
    (Said(send), Told(receive))
}

impl Told {
    /// The last line, once all are said.
    pub(in crate::sim::folder) async fn last(mut self) -> String {
        let mut last = String::new();
        while let Some(line) = self.0.recv().await {
            last = line;
        }
        last
    }
}

impl hyper::body::Body for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(Bytes::from(line + "\n")))))
    }
}

/// Does `work` unless `stop` comes first.
pub(in crate::sim::folder) async fn either<T>(
    work: impl Future<Output = T>,
    stop: impl Future<Output = ()>,
) -> Option<T> {
    let (mut work, mut stop) = (pin!(work), pin!(stop));
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(found) => Poll::Ready(Some(found)),
        Poll::Pending => stop.as_mut().poll(context).map(|()| None),
    })
    .await
}
