//! `POST /api/two-factor/send-verification`: sends the caller a code by SMS, in the language of the claim `locale`
//! (OpenID Connect Core 1.0 §5.1). The body is ignored.

use std::borrow::Cow;

use lambda_runtime::Error as RuntimeError;
use two_factor::authenticator::Authenticator;
use two_factor::authenticator::code::Code;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{AuditEvent, Request, Response, serve};
use two_factor::identity::issuer::Issuer;
use two_factor::phone::countries::Countries;
use two_factor::sms::SmsText;
use two_factor::sms::limits::Budget;
use two_factor::sms::sender::{SendFailure, SmsSender};
use two_factor::store::{SendReservation, SendSlot, Store};

struct App {
    store: Store,
    sender: SmsSender,
    issuer: Issuer,
    text: SmsText,
    countries: Countries,
    budget: Budget,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let service = config::service("send-verification")?;
    let aws = Aws::from_env()?;
    let issuer = config::issuer()?;
    let app = App {
        text: config::sms_text(&issuer.default)?,
        issuer,
        countries: config::sms_countries()?,
        budget: config::sms_budget()?,
        sender: SmsSender::new(aws.sns().await?, config::sms_sender_id()?),
        store: Store::from_env(aws.dynamodb().await?)?,
    };
    serve(service, |request| send_verification(&app, request)).await
}

async fn send_verification(app: &App, request: Request) -> Result<Response, Error> {
    let App { store, sender, issuer, text, countries, budget } = app;
    // This also replaces a connection that may have died while the function was frozen.
    let (user, ()) = tokio::join!(store.user(&request.caller), sender.wake());
    let user = user?;
    let enrolment = user.enrolment.as_ref().ok_or(Error::NotSms)?;
    let Authenticator::Sms(number) = &enrolment.authenticator else { return Err(Error::NotSms) };
    if !countries.allow(number.country()) {
        return Err(Error::CountryNotServed);
    }
    let code = Code::generate()?;
    let slot = match store.reserve_send(&request.caller, &user, &code, *budget, request.now).await? {
        SendReservation::Reserved(slot) => slot,
        SendReservation::Wait { seconds } => return Err(Error::TooManySends(seconds)),
        SendReservation::BudgetSpent { seconds } => return Err(Error::SmsBudgetSpent(seconds)),
        SendReservation::Changed => return Err(Error::SettingsChanged),
    };
    let issuer = issuer.for_caller(|name| request.claim(name));
    let message = text.message(&issuer, request.claim("locale"), &code);
    match sender.send(number, &message).await {
        Ok(()) => Ok(Response::no_content().with_audit_event(AuditEvent::CodeSent)),
        Err(failure) => Err(give_back(store, &request, &slot, failure).await),
    }
}

/// A send that certainly sent nothing costs nothing. If the SMS may be on its way, its code stays valid and counted.
async fn give_back(store: &Store, request: &Request, slot: &SendSlot, failure: SendFailure) -> Error {
    let (error, reason): (fn(Cow<'static, str>) -> Error, _) = match failure {
        SendFailure::Unknown(reason) => return Error::SmsOutcomeUnknown(reason.into()),
        SendFailure::NumberRefused(reason) => (Error::NumberRefused, reason),
        SendFailure::NotSent(reason) => (Error::Unavailable, reason),
    };
    match store.release_send(&request.caller, slot).await {
        Ok(()) => error(reason.into()),
        Err(fault) => error(format!("{reason}; send not given back: {fault}").into()),
    }
}
